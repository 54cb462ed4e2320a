"""What a training starts from: its recipe, its parent, the name of its result. The dataset has its own picker."""

from collections.abc import Sequence

import streamlit as st

from ulmfit_app import limits, recipes, registry
from ulmfit_app.defaults import SCRATCH, ParentChoice
from ulmfit_app.errors import AppError, NameTakenError, RecipeError
from ulmfit_app.runs.summary import RunSummary
from ulmfit_app.schema import FASTAI_LMS, MAX_NAME, DatasetInfo, Kind, ModelConfig, Recipe
from ulmfit_app.training.request import choose_name, choose_parent, is_absent
from ulmfit_app.ui.errors import in_words, plain
from ulmfit_app.ui.url_choice import choose_in_url

USUAL = "usual"
LOADED = "loaded"  # the recipe that this session has loaded or got from the rate finder
FEW = 1000  # labels below which `few-label` is suggested


def adopt(recipe: Recipe, dataset: str | None = None, parent: str | None = None) -> None:
    """Fill the form of the recipe's kind with it, as a callback or before the form is drawn."""
    st.session_state[_loaded_key(recipe.kind)] = recipe
    st.session_state["recipe"] = LOADED
    if dataset is not None:
        st.session_state["dataset"] = dataset
        st.session_state["parent"] = parent or SCRATCH


def pick_recipe(kind: Kind) -> Recipe:
    """Let the person choose a recipe; the notebook's comes first. The choice is kept in the URL."""
    choices = {recipe.name: recipe for recipe in recipes.named(kind)}
    loaded: Recipe | None = st.session_state.get(_loaded_key(kind))
    if loaded:
        choices[LOADED] = loaded
    names = {name: f"{recipe.name} (as changed)" if name == LOADED else name for name, recipe in choices.items()}
    return choices[choose_in_url("Recipe", list(choices), "recipe", format_func=names.__getitem__)]


def suggest_few_label(recipe: Recipe, info: DatasetInfo | None) -> None:
    """Where there are few labels, say that there is a recipe for that."""
    few = info is not None and len(info.labels) > 1 and info.counts.train < FEW
    if info is None or not few or recipe.kind is not Kind.CLASSIFIER or recipe.name == "few-label":
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"{info.counts.train:,} labels are few: the recipe few-label is made for that.", width="content")
        st.button("Use few-label", on_click=_use, args=("few-label",), key="use-few-label", type="tertiary")


def _use(name: str) -> None:
    st.session_state["recipe"] = name


def _loaded_key(kind: Kind) -> str:
    return f"loaded-recipe-{kind}"


def pick_parent(recipe: Recipe, dataset: str, info: DatasetInfo | None) -> ParentChoice | None:
    """Let the person choose the model to start from; None if the usual one is not here, which is told."""
    usual: ParentChoice | None = None
    try:
        usual = choose_parent(recipe.kind, recipe.name, dataset, info, None)
        trouble = ""
    except AppError as error:
        trouble = in_words(error)
    models = [entry.name for entry in registry.models() if entry.config and _may_be_parent(entry.config)]
    absent = [] if limits.are_set() else [name for name in FASTAI_LMS if is_absent(name)]
    words = {name: f"{name} (fastai's, downloaded first)" for name in absent}
    words[USUAL] = f"{usual.name or SCRATCH} (the usual choice)" if usual else "the usual choice is not here"
    name = choose_in_url(
        "Start from",
        [USUAL, *models, *absent, SCRATCH],
        "parent",
        format_func=lambda name: words.get(name, name),
        help="A language model, or an encoder, whose weights are the start; scratch: random weights.",
    )
    choice = usual if name == USUAL else choose_parent(recipe.kind, recipe.name, dataset, info, name)
    if choice is None:
        st.error(plain(trouble), icon=":material/error:")
    elif name in absent or (name == USUAL and (choice.name is not None or recipe.name == "pretrain")):
        st.caption(plain(f"{choice.reason[0].upper()}{choice.reason[1:]}."))
    return choice


def _may_be_parent(config: ModelConfig) -> bool:
    return config.kind is Kind.LM or config.part == "encoder"


def pick_name(kind: Kind, dataset: str, runs: Sequence[RunSummary]) -> str | None:
    """Ask for the name of the result, checked while it is typed; None if it cannot be had, which is told."""
    usual = choose_name(kind, dataset, None, runs)
    asked = st.text_input(
        "Name of the new model",
        key=f"name-{kind}",
        bind="query-params",
        placeholder=usual,
        max_chars=MAX_NAME,
        live="400ms",
        persist_state="session",
        help="Small letters and digits, with single dots, dashes or underscores between.",
    )
    try:
        return choose_name(kind, dataset, (asked or "").strip() or None, runs)
    except NameTakenError as error:
        st.error(plain(in_words(error)), icon=":material/error:")
        return None


def draw_recipe_file(recipe: Recipe) -> None:
    """Offer the recipe, with its changes, as a file, and take one."""
    st.download_button(
        "Download the recipe",
        recipe.model_dump_json(indent=1),
        f"{recipe.name}.json",
        "application/json",
        on_click="ignore",
        icon=":material/download:",
    )
    key = f"recipe-file-{recipe.kind}"
    st.file_uploader("Load a recipe", "json", key=key, max_upload_size=1, on_change=_load, args=(recipe.kind, key))
    trouble = st.session_state.get(f"{key}-trouble")
    if trouble:
        st.error(plain(trouble), icon=":material/error:")


def _load(kind: Kind, key: str) -> None:
    """Take the file that was uploaded; what is wrong with it is told when the page is drawn."""
    file = st.session_state[key]
    trouble = ""
    if file is not None:
        try:
            adopt(recipes.parse(file.getvalue(), kind, file.name))
        except RecipeError as error:
            trouble = in_words(error)
    st.session_state[f"{key}-trouble"] = trouble

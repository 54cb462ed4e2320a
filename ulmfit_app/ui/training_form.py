"""The form of a training: what it starts from, its stages, its settings, and the start. It starts nothing by itself."""

from dataclasses import dataclass
from itertools import chain

import streamlit as st

from ulmfit_app import limits
from ulmfit_app.data.sources import CatalogueEntry, entry
from ulmfit_app.defaults import ParentChoice
from ulmfit_app.errors import AppError
from ulmfit_app.runs.state import LIVE
from ulmfit_app.runs.summary import RunSummary, summaries
from ulmfit_app.schema import Kind, Recipe, RunSpec
from ulmfit_app.training.estimate import pace
from ulmfit_app.training.planning import TrainingPlan, plan_of
from ulmfit_app.training.request import architecture, refuse, spec_of, start
from ulmfit_app.ui.datasets import open_dataset, pick_dataset
from ulmfit_app.ui.errors import in_words, plain, told
from ulmfit_app.ui.lr_finder import draw_finder
from ulmfit_app.ui.training_choices import (
    draw_recipe_file,
    pick_name,
    pick_parent,
    pick_recipe,
    suggest_few_label,
)
from ulmfit_app.ui.training_fields import ADVANCED, COMMON, RecipeFields
from ulmfit_app.ui.training_link import keep_settings, take_settings
from ulmfit_app.ui.training_machine import Machine, pick_machine
from ulmfit_app.ui.training_stages import draw_changed, draw_explained, draw_plan, draw_schedule
from ulmfit_app.ui.training_words import draw_words, words_of
from ulmfit_app.ui.wording import duration


@dataclass(frozen=True, slots=True)
class Start:
    """What a training starts from; None where the choice cannot be used, which the page has told."""

    dataset: CatalogueEntry
    recipe: Recipe
    parent: ParentChoice | None
    name: str | None


def draw_form(kind: Kind) -> str | None:
    """Draw the form; the id of the run if one was started."""
    runs = summaries()
    _draw_limits()
    chosen = _pick_start(kind, runs)
    words_area, stages_area, settings_area = st.container(), st.container(), st.container()
    with settings_area:
        fields, machine, file_area = _draw_settings(chosen.recipe)
    with stages_area:
        table_area, finder_area = st.container(), st.container()
        _draw_stage_fields(fields)
        draw_explained()
    keep_settings(fields)
    recipe, is_valid = fields.recipe()
    with file_area:
        draw_recipe_file(recipe)
    spec = _spec(chosen, recipe, fields, machine)
    with table_area:
        plan = _draw_plan(spec, chosen, words_area)
    usable = is_valid and plan is not None
    with finder_area:
        found = draw_finder(spec, disabled=not usable)
    return found or _draw_start(spec, chosen, plan if usable else None, runs)


def _draw_limits() -> None:
    """Tell a visitor, before anything is chosen, what this server allows."""
    if limits.trainings_are_off():
        st.info(f"This server trains nothing for visitors. {limits.OWN_MACHINE}", icon=":material/block:")
    elif limits.are_set():
        st.caption(f"For visitors of this server: {' '.join(limits.words())} {limits.OWN_MACHINE}")


def _pick_start(kind: Kind, runs: list[RunSummary]) -> Start:
    left, right = st.columns(2, gap="medium")
    with left:
        dataset = _opened(pick_dataset("Dataset", labelled=kind is Kind.CLASSIFIER))
    with right:
        recipe = pick_recipe(kind)
        st.caption(plain(recipe.description))
    suggest_few_label(recipe, dataset.info)
    left, right = st.columns(2, gap="medium")
    with left:
        parent = pick_parent(recipe, dataset.name, dataset.info)
    with right:
        name = pick_name(kind, dataset.name, runs)
    return Start(dataset, recipe, parent, name)


def _opened(dataset: CatalogueEntry) -> CatalogueEntry:
    """`dataset` with its labels and counts known; one that would have to be downloaded stays as it is."""
    if dataset.info is None and not dataset.downloaded:
        with told():
            open_dataset(dataset)
            return entry(dataset.name)
    return dataset


def _draw_settings(recipe: Recipe) -> tuple[RecipeFields, Machine, "st.delta_generator.DeltaGenerator"]:
    """Draw everything that can be changed but the stages; the last one is where the recipe's file goes."""
    st.header("Settings", anchor=False)
    fields = RecipeFields(recipe)
    take_settings(fields)
    fields.draw_row(COMMON)
    advanced = st.expander("Advanced", key="advanced", on_change="rerun", icon=":material/tune:")
    if advanced.open:  # folded, its controls would be half of the page's work
        with advanced:
            for title, names in ADVANCED.items():
                st.markdown(f"**{title}**")
                fields.draw_row(names)
    else:
        fields.keep(chain(*ADVANCED.values()))
    with st.expander("This machine", icon=":material/memory:"):
        machine = pick_machine()
    file_area = st.expander("Recipe as a file", icon=":material/description:")
    return fields, machine, file_area


def _draw_stage_fields(fields: RecipeFields) -> None:
    label = "Change rates, epochs and schedule"
    folded = st.expander(label, key="change-stages", on_change="rerun", icon=":material/edit:")
    if not folded.open:
        fields.keep(chain(*map(fields.of_stage, range(len(fields.base.stages)))))
        return
    with folded:
        for index, stage in enumerate(fields.base.stages):
            st.markdown(f"**{index + 1}. {plain(stage.name)}**")
            fields.draw_stage(index)


def _spec(chosen: Start, recipe: Recipe, fields: RecipeFields, machine: Machine) -> RunSpec:
    return spec_of(
        recipe,
        chosen.dataset.name,
        chosen.dataset.info,
        name=chosen.name,
        parent=chosen.parent.name if chosen.parent else None,
        overrides=fields.changes,
        limit=machine.limit,
        device=machine.device,
        precision=machine.precision,
        threads=machine.threads,
        seed=machine.seed,
    )


def _draw_plan(spec: RunSpec, chosen: Start, words_area: "st.delta_generator.DeltaGenerator") -> TrainingPlan | None:
    """Draw what the training will do; None if it cannot be done, which is told."""
    recipe = spec.recipe
    assert recipe  # a training has one
    st.header("Stages", anchor=False)
    if chosen.parent is None:
        return None
    with told():
        words = words_of(spec, chosen.dataset)
        with words_area:
            draw_words(words, spec)
        shapes = architecture(spec.parent, recipe)
        plan = plan_of(spec, chosen.dataset.info, shapes.n_layers, words.tokens if words else None)
        draw_plan(plan, shapes.n_layers, about=recipe.kind is Kind.LM)
        draw_schedule(plan.stages, recipe)
        draw_changed(recipe)
        refuse(spec.model_copy(update={"device": "auto", "precision": "auto"}), chosen.dataset.info)
        return plan
    return None


def _draw_start(spec: RunSpec, chosen: Start, plan: TrainingPlan | None, runs: list[RunSummary]) -> str | None:
    before = sum(run.state in LIVE and run.spec is not None and run.spec.kind.trains is not None for run in runs)
    ready = plan is not None and chosen.name is not None and not limits.trainings_are_off()
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button("Start", key="start", type="primary", icon=":material/play_arrow:", disabled=not ready)
        if not ready:
            st.markdown("It can start when what is marked above has been changed.", width="content")
        elif plan:
            st.markdown(_time_words(spec, plan, runs), width="content")
    if before:
        st.caption(f"{before} training{'s' if before > 1 else ''} before it: it waits until its turn comes.")
    if not pressed:
        return None
    try:
        return start(spec, chosen.dataset.info)
    except AppError as error:
        st.error(plain(in_words(error)), icon=":material/error:")
        return None


def _time_words(spec: RunSpec, plan: TrainingPlan, runs: list[RunSummary]) -> str:
    known = pace(spec, runs)
    if known is None or plan.steps is None:
        return "How long it takes is known after ten steps: no training of this size has been done here."
    seconds = known.seconds * plan.steps
    words = f"About {duration(seconds)}: {plan.steps:,} steps, each as long as in the run {known.run}."
    most = limits.seconds(spec.kind)
    return words if most is None or seconds < most else f"{words}{limits.time_words(spec.kind)}"

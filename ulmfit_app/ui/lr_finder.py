"""The learning-rate finder: starting it for a stage, its curve, and putting a rate that it suggests into the form."""

import streamlit as st

from ulmfit_app import recipes
from ulmfit_app.charts.lr import loss_at, rate_finder
from ulmfit_app.runs.requests import find_rates
from ulmfit_app.runs.summary import RunSummary
from ulmfit_app.schema import LrReport, Recipe, RunSpec
from ulmfit_app.training.request import refuse
from ulmfit_app.ui.errors import plain, told
from ulmfit_app.ui.figure import draw_figure
from ulmfit_app.ui.training_choices import adopt

MEANING = {
    "valley": "the middle of the longest descent; fastai's usual choice",
    "slide": "the last rate before the loss shoots up: up to there its slope is steady over 15 rates",
    "steep": "where the loss falls fastest on the logarithmic axis",
    "minimum": "a tenth of the rate with the lowest loss",
}
SETTLED = 1e-4  # by then nothing is learned yet, and the smoothed loss has settled: it begins with a few minibatches
LEAST_FALL = 0.03  # share of the loss; of three curves on rotten-tomatoes a useful one fell by 6.5%, two by 1.6%


def draw_finder(spec: RunSpec, disabled: bool) -> str | None:
    """Offer to try rates for a stage of `spec`; the id of the run if it was started."""
    recipe = spec.recipe
    assert recipe  # a training has one
    with st.expander("Find a learning rate", icon=":material/show_chart:"):
        st.markdown(
            "Trains a copy for up to 100 steps while the rate grows, and throws it away. The best rate lies where the "
            "loss falls fast, well before it rises. For a later stage the weights are still those of the start."
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            stage = st.selectbox(
                "For the stage",
                range(len(recipe.stages)),
                format_func=lambda index: recipe.stages[index].name,
                width=260,
                key="rates-for",
            )
            pressed = st.button("Try learning rates", key="find-rates", disabled=disabled)
        return _find(spec, recipe, stage) if pressed else None


def _find(spec: RunSpec, recipe: Recipe, stage: int) -> str | None:
    with told():
        refuse(spec, None)
        return find_rates(
            recipe,
            str(spec.dataset),
            spec.parent,
            stage=stage,
            limit=spec.limit,
            device=spec.device,
            precision=spec.precision,
            threads=spec.threads,
            seed=spec.seed,
        )
    return None


def draw_rates(run: RunSummary) -> None:
    """Draw the curve that `run` found, and a button for every rate that fastai suggests."""
    report = run.result.report if run.result else None
    if not isinstance(report, LrReport) or run.spec is None or run.spec.recipe is None:
        return
    recipe = run.spec.recipe
    name = recipe.stages[report.stage].name
    st.subheader("Loss at growing learning rates", anchor=False)
    suggested = ", ".join(f"{key} {rate:.2g}" for key, rate in report.suggestions.items())
    alt = f"Loss against learning rate, logarithmic axis, from {report.rates[0]:.0e} to {report.rates[-1]:.0e}. "
    figure = rate_finder(report.rates, report.losses, report.suggestions)
    draw_figure(figure, f"rates-{run.id}", f"{alt}Suggestions: {suggested}.")
    if (found := fall(report)) < LEAST_FALL:
        st.warning(
            f"The loss falls by {found:.1%} at most: the curve is nearly flat, and the suggestions mean little. Keep "
            "the recipe's rate, or try again with a larger minibatch or more texts.",
            icon=":material/warning:",
        )
    st.markdown(f"Use a rate as the peak of the stage “{plain(name)}”; a slice keeps its ratio:")
    with st.container(horizontal=True):
        for key, rate in report.suggestions.items():
            chosen = float(f"{rate:.2g}")
            label, words = f"{key}: use {chosen:.2g}", MEANING.get(key)
            st.button(label, key=f"use-{key}", help=words, on_click=_use, args=(run.spec, report.stage, chosen))


def fall(report: LrReport) -> float:
    """By which share the smoothed loss sinks at rates that teach something; 0 where it only rises."""
    start = loss_at(SETTLED, report.rates, report.losses)
    taught = [loss for rate, loss in zip(report.rates, report.losses, strict=True) if rate > SETTLED]
    return 1 - min([start, *taught]) / start


def _use(spec: RunSpec, stage: int, rate: float) -> None:
    """Fill the form with the recipe that was tried and this rate; nothing starts."""
    assert spec.recipe  # `draw_rates` looked
    adopt(recipes.with_peak(spec.recipe, stage, rate), spec.dataset, spec.parent)
    st.query_params.pop("run", None)

"""The stages of a training before it starts: which groups train at which rate, how long, on what schedule."""

from collections.abc import Sequence
from html import escape

import streamlit as st

from ulmfit_app import recipes
from ulmfit_app.charts.schedule import schedule_curve
from ulmfit_app.recipes import PlannedStage
from ulmfit_app.schema import Recipe
from ulmfit_app.training.planning import ENDLESS, TrainingPlan
from ulmfit_app.ui.errors import plain
from ulmfit_app.ui.figure import draw_figure

EXPLAINED = """\
Howard and Ruder, *Universal Language Model Fine-tuning for Text Classification* (2018), of which this is a practical \
form:

- **Discriminative rates** (section 3.2): layers near the words know most already, so each group trains at its own \
rate, in the classifier 2.6 times lower per group. `slice(low, high)` spreads the rates over the groups.
- **Gradual unfreezing** (section 3.3): first only the last group trains, then one more with every stage; `freeze_to` \
says from which group on. What is frozen cannot be forgotten.
- **One cycle** (in place of section 3.2's slanted triangle): the rate rises to its peak while the momentum falls, \
then both go back; the peak is the number in the table.
- **Encoder**: everything but the last layer that guesses words. `save_encoder` after the language model, \
`load_encoder` before the classifier: here a classifier takes it from its parent by itself.
- **Checkpoint** (`learn.save`): weights, optimiser and place in the recipe at one moment. A run writes them by itself \
and goes on from the last one after a pause, also in a copy of the app's folder on another machine; a stage that has a \
name for its checkpoint keeps it, as the notebook's `1epoch`.
"""


def draw_plan(plan: TrainingPlan, n_layers: int, about: bool) -> None:
    """Draw the table: one row per stage, one column per group. `about`: the steps are not exact."""
    groups = recipes.groups(plan.recipe.kind, n_layers)
    head = ["Stage", *groups, "Epochs", "Steps, about" if about else "Steps", "Rises for"]
    cells = "".join(f"<th scope='col'>{escape(name)}</th>" for name in head)
    rows = "".join(_row(number, stage, groups) for number, stage in enumerate(plan.stages, start=1))
    st.html(
        "<div class='ulmfit-epochs ulmfit-plan' role='region' aria-label='Stages' tabindex='0'>"
        f"<table><thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
    st.caption(
        "Peak learning rate of every parameter group that trains; a dash: the group is frozen. The rate rises for the "
        f"given share of a stage, then falls.{_saved_words(plan.stages)}"
    )


def _saved_words(stages: Sequence[PlannedStage]) -> str:
    """Which stages keep their end under a name."""
    named = [
        f"{plain(each.stage.name)} as “{plain(each.stage.checkpoint)}”" for each in stages if each.stage.checkpoint
    ]
    return f" Checkpoints that stay: {', '.join(named)}." if named else ""


def _row(number: int, planned: PlannedStage, groups: Sequence[str]) -> str:
    rates = "".join(
        f"<td>{planned.rates[group]:.3g}</td>" if group in planned.rates else "<td>–</td>" for group in groups
    )
    steps = "–" if planned.steps >= ENDLESS else f"{planned.steps:,}"
    rise = f"{planned.stage.pct_start:.0%}"
    name = f"<th scope='row'>{number}. {escape(planned.stage.name)}</th>"
    return f"<tr>{name}{rates}<td>{planned.epochs}</td><td>{steps}</td><td>{rise}</td></tr>"


def draw_schedule(stages: Sequence[PlannedStage], recipe: Recipe) -> None:
    """Draw learning rate and momentum over the epochs, beside each other."""
    rates, momenta, start = [], [], 0
    for planned in stages:
        points = [(start + share * planned.epochs, *values) for share, *values in recipes.cycle(planned, recipe.moms)]
        rates.append((planned.stage.name, [(epoch, rate) for epoch, rate, _ in points]))
        momenta.append((planned.stage.name, [(epoch, momentum) for epoch, _, momentum in points]))
        start += planned.epochs
    peaks = ", ".join(f"{planned.stage.name} {list(planned.rates.values())[-1]:.3g}" for planned in stages)
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("Learning rate of the last group")
        draw_figure(
            schedule_curve(rates, from_zero=True), "plan-rate", f"Learning rate by epoch; it peaks at: {peaks}."
        )
    with right:
        st.markdown("Momentum")
        words = f"Momentum by epoch: from {recipe.moms[0]:g} to {recipe.moms[1]:g} and back to {recipe.moms[2]:g}."
        draw_figure(schedule_curve(momenta, from_zero=False), "plan-momentum", words)


def draw_explained() -> None:
    """Draw what the words mean, folded."""
    with st.expander("What the words mean", icon=":material/school:"):
        st.markdown(EXPLAINED)


def draw_changed(recipe: Recipe) -> None:
    """List the settings that differ from the recipe of this name."""
    if recipe.changed:
        st.markdown(f"Changed: {', '.join(plain(key) for key in recipe.changed)}.")

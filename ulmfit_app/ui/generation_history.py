"""The generations of this session: the present one, those before it, opened again, downloaded, forgotten."""

from html import escape

import streamlit as st

from ulmfit_app.ui.download import draw_download
from ulmfit_app.ui.errors import plain
from ulmfit_app.ui.generation import Generation
from ulmfit_app.ui.generation_form import restore

KEY, PRESENT = "generations", "generation"
MOST = 20  # kept in a session: 60 MB if each is as long as the form allows
WIDTH = 80  # characters of a text in the list, without the prompt
NOTHING = "(no word yet)"


def present() -> Generation | None:
    """The one that the page shows."""
    generation: Generation | None = st.session_state.get(PRESENT)
    return generation


def show(generation: Generation) -> None:
    """Make it the present one, and the first of the list; the one before it ends where it is."""
    before = present()
    if before is not None and before is not generation:
        before.stop()
    st.session_state[PRESENT] = generation
    others = [old for old in _generations() if old is not generation]
    st.session_state[KEY] = [generation, *others][:MOST]


def draw_history(names: list[str]) -> None:
    """Draw the generations, the newest first; `names` are the models that can still be asked."""
    generations = _generations()
    if not generations:
        return
    st.header("This session", anchor=False)
    for number, generation in enumerate(generations):
        _draw_row(number, generation, names)
    with st.container(horizontal=True):
        draw_download("Download as text", lambda: as_text(generations), "generated.txt", "text/plain")
        st.button("Clear", icon=":material/delete:", on_click=_clear)


def as_text(generations: list[Generation]) -> bytes:
    """Every text under a line that says how it was made."""
    blocks = []
    for generation in generations:
        sampling = generation.request.sampling
        drawn = f"temperature {sampling.temperature:g}, top-k {sampling.top_k}, top-p {sampling.top_p}, "
        drawn += f"min-p {sampling.min_p}, repetition penalty {sampling.repetition_penalty:g}"
        for text in generation.texts:
            blocks.append(f"[{text.model}, seed {text.seed}, {len(text.steps)} words, {drawn}]\n{text.words}\n")
    return "\n".join(blocks).encode()


def _draw_row(number: int, generation: Generation, names: list[str]) -> None:
    request, first = generation.request, generation.texts[0]
    new = " ".join(first.words.removeprefix(first.start).split()) or NOTHING
    shown = new if len(new) <= WIDTH else f"{new[:WIDTH]}…"
    facts = f"{' and '.join(request.models)}, seed {request.seed}"
    with st.container(key=f"row-generation-{number}"):
        text, made = st.columns((3, 2), vertical_alignment="center")
        text.button(
            plain(shown), key=f"open-generation-{number}", type="tertiary", on_click=_reopen, args=(generation, names)
        )
        made.html(f"<p class='ulmfit-what'>{escape(facts)}</p>")


def _reopen(generation: Generation, names: list[str]) -> None:
    restore(generation.request, names)
    show(generation)


def _generations() -> list[Generation]:
    generations: list[Generation] = st.session_state.get(KEY, [])
    return generations


def _clear() -> None:
    for key in (KEY, PRESENT):
        st.session_state.pop(key, None)

"""The changed settings of a training's form in the URL: `set=bs=32`, once for each, as the command's `--set` has them.

They only fill the form. What is wrong with a value is told beside its control, as if it had been typed.
"""

import streamlit as st

from ulmfit_app.ui.errors import plain
from ulmfit_app.ui.training_fields import RecipeFields

SET, SEEN = "set", "set-in-url"
LONGEST = 100  # characters of one setting


def take_settings(fields: RecipeFields) -> None:
    """Before `fields` are drawn, fill them with what the URL sets; what the recipe does not have is told, once."""
    asked = [pair[:LONGEST] for pair in st.query_params.get_all(SET)]
    if asked == st.session_state.get(SEEN):
        return
    strange = [pair for pair in asked if not fields.type(*pair.partition("=")[::2])]
    if strange:
        words = f"The link sets what cannot be set in this recipe: {', '.join(strange)}. The rest is as it asks."
        st.warning(plain(words), icon=":material/link_off:")


def keep_settings(fields: RecipeFields) -> None:
    """After `fields` were drawn, put what differs from the recipe into the URL."""
    changed = [f"{key}={typed}" for key, typed in fields.typed().items()]
    if not changed:
        st.query_params.pop(SET, None)
    elif changed != st.query_params.get_all(SET):
        st.query_params[SET] = changed
    st.session_state[SEEN] = changed

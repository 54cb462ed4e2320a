"""Generate: a language model goes on from a prompt, word by word; two of them beside each other."""

import streamlit as st

from ulmfit_app import registry
from ulmfit_app.ui.cache import generator
from ulmfit_app.ui.errors import told
from ulmfit_app.ui.generation import begin
from ulmfit_app.ui.generation_form import draw_form, draw_seed
from ulmfit_app.ui.generation_history import draw_history, present, show
from ulmfit_app.ui.generation_view import VIEWS, draw_generation, draw_remarks
from ulmfit_app.ui.links import draw_link
from ulmfit_app.ui.models import language_models
from ulmfit_app.ui.page import open_page

open_page(
    "Generate",
    "A language model gives every word of its vocabulary a probability to come next; one is drawn, and it goes on.",
    wide=True,
)
choices = language_models(registry.models())
if not choices:
    st.info("There is no language model yet: fine-tune one, then come back.")
    draw_link("finetune_lm", "Fine-tune a language model", icon=":material/school:")
else:
    asked = draw_form(choices)
    with told():
        if asked is not None:
            request, entries = asked
            show(begin(request, [generator(entry) for entry in entries]))
        generation = present()
        if generation is not None:
            views = list(VIEWS)
            view = st.segmented_control(
                "View", views, default=views[0], required=True, key="shown", bind="query-params"
            )
            draw_generation(generation, view)
            draw_remarks(generation, view)
            draw_seed(generation.request.seed)
    draw_history([entry.name for entry in choices])

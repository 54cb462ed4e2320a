"""Fine-tune a language model: the form, or the run that it started."""

from ulmfit_app.schema import Kind
from ulmfit_app.ui.page import open_page
from ulmfit_app.ui.training_page import draw_training

open_page(
    "Fine-tune a language model",
    "A language model guesses the next word. It knows the language in general; here it learns the words and style of "
    "your texts, which need no labels.",
    wide=True,
)
draw_training(Kind.LM)

"""Fine-tune a classifier: the form, or the run that it started."""

from ulmfit_app.schema import Kind
from ulmfit_app.ui.page import open_page
from ulmfit_app.ui.training_page import draw_training

open_page(
    "Fine-tune a classifier",
    "The encoder of a language model gets a new head that learns your labels; then the layers below it train too, "
    "group by group.",
    wide=True,
)
draw_training(Kind.CLASSIFIER)

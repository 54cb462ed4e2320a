"""ULMFiT Studio: transfer learning in text, from a general language model to a classifier of one's own.

`load_model` is the whole public interface for Python users. Importing the package loads neither torch nor fastai.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ulmfit_app.inference.encoder import Encoder
    from ulmfit_app.inference.generator import Generator
    from ulmfit_app.inference.predictor import Predictor

__version__ = "0.1.0"
__all__ = ["__version__", "load_model"]


def load_model(name: str) -> "Predictor | Generator | Encoder":
    """Load a model by `name` (shipped or own) or by the path of its folder.

    Returns a `Predictor` for a classifier, a `Generator` for a language model, an `Encoder` for an encoder folder.
    Raises `NotFoundError` if there is no such model, `ModelFolderError` if the folder cannot be trusted.
    """
    from ulmfit_app import inference, registry

    return inference.load(registry.folder_of(name))

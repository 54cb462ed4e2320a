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


def load_model(name: str, revision: str | None = None) -> "Predictor | Generator | Encoder":
    """Load a model by `name` (shipped or own), by the path of its folder, or from the Hub as `owner/name`.

    `revision`: a branch, tag or commit of the Hub's repository. A model from there is pulled once per commit, with the
    token of this machine, verified, and kept among one's own. Returns a `Predictor` for a classifier, a `Generator` for
    a language model, an `Encoder` for an encoder folder. Raises `NotFoundError` if there is no such model,
    `ModelFolderError` if it cannot be trusted, `HubError` or `OfflineError` if the Hub does not give it.
    """
    from ulmfit_app import hub, inference, registry
    from ulmfit_app.errors import NotFoundError

    if revision is None:
        try:
            return inference.load(registry.folder_of(name))
        except NotFoundError:
            if not hub.is_repo_id(name):
                raise
    account = hub.sign_in(hub.own_token())
    there = hub.look(name, account, revision)
    here = registry.pulled_as(there.id, there.commit)
    if here is None:
        with hub.pulled(there.id, account, revision) as model:
            here = registry.adopt(model.folder, model.origin)
    return inference.load(registry.folder_of(here))

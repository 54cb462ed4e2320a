"""Using models: predicting, generating, embedding, evaluating. Torch, never fastai; importing this loads neither.

A loaded model holds only what never changes, so one object serves many threads at once.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from ulmfit_app import modelfolder
from ulmfit_app.schema import Kind

if TYPE_CHECKING:
    from ulmfit_app.inference.encoder import Encoder
    from ulmfit_app.inference.generator import Generator
    from ulmfit_app.inference.predictor import Predictor

__all__ = ["load", "use_threads"]


def load(folder: Path) -> "Predictor | Generator | Encoder":
    """The model in `folder`, by its kind: `Predictor`, `Generator`, or `Encoder` for a folder without a head.

    Raises `ModelFolderError` if the folder cannot be trusted or needs another tokenizer.
    """
    from ulmfit_app.inference.encoder import Encoder
    from ulmfit_app.inference.generator import Generator
    from ulmfit_app.inference.predictor import Predictor

    config = modelfolder.read_config(folder)
    vocab, weights = modelfolder.read_vocab(folder), modelfolder.read_weights(folder)
    if config.part == "encoder":
        return Encoder(config, vocab, weights)
    return Predictor(config, vocab, weights) if config.kind is Kind.CLASSIFIER else Generator(config, vocab, weights)


def use_threads(threads: int) -> None:
    """Let this process compute with as many threads."""
    import torch

    torch.set_num_threads(threads)

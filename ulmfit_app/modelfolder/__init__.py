"""The model folder: the only code that knows the format. Verifying and reading the configuration import no torch.

A model folder holds exactly these files, and nothing in it is ever executed or unpickled:

- `config.json`        `ModelConfig`: strict, unknown keys refused; carries the SHA-256 of the next two files
- `vocab.json`         a list of words; position = token id; begins with the nine special tokens
- `model.safetensors`  fastai's state-dict names without tied duplicates; float32 or float16 throughout
- `README.md`          a Hub card rendered from the configuration; its notes section belongs to the user; may be missing

Names of tensors are those of fastai's `get_language_model` and `get_text_classifier`; in an encoder folder those of
the bare `AWD_LSTM`.
"""

from ulmfit_app.modelfolder.card import notes_of, render
from ulmfit_app.modelfolder.conversion import copy, export_fastai, half, to_encoder
from ulmfit_app.modelfolder.tensors import encoder_weights, expected_shapes
from ulmfit_app.modelfolder.verification import (
    CARD,
    CONFIG,
    MAX_BYTES,
    PICKLES,
    VOCAB,
    WEIGHTS,
    read_config,
    read_vocab,
    read_weights,
    verify,
)
from ulmfit_app.modelfolder.writing import read_card, rewrite_card, write

__all__ = [
    "CARD",
    "CONFIG",
    "MAX_BYTES",
    "PICKLES",
    "VOCAB",
    "WEIGHTS",
    "copy",
    "encoder_weights",
    "expected_shapes",
    "export_fastai",
    "half",
    "notes_of",
    "read_card",
    "read_config",
    "read_vocab",
    "read_weights",
    "render",
    "rewrite_card",
    "to_encoder",
    "verify",
    "write",
]

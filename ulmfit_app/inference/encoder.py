"""A model without its head: texts to vectors."""

from collections.abc import Mapping, Sequence

import numpy as np
from torch import Tensor

from ulmfit_app import modelfolder
from ulmfit_app.inference.awd_lstm import AwdLstm
from ulmfit_app.inference.numericaliser import Numericaliser
from ulmfit_app.inference.pooling import BATCH_TOKENS, Pooler, Progress
from ulmfit_app.schema import ModelConfig


class Encoder:
    """What `load_model` returns for an encoder folder. Thread-safe."""

    def __init__(self, config: ModelConfig, vocab: Sequence[str], weights: Mapping[str, Tensor]) -> None:
        self.config, self.vocab = config, tuple(vocab)
        self._pooler = pooler_of(config, vocab, weights)

    def embed(
        self, texts: Sequence[str], on_progress: Progress | None = None, batch_tokens: int = BATCH_TOKENS
    ) -> np.ndarray:
        """(n, 3 * emb) float32: last output, maximum and mean of each text, as the classifier's head sees them."""
        vectors: np.ndarray = self._pooler.texts(texts, on_progress, batch_tokens).numpy()
        return vectors


def pooler_of(config: ModelConfig, vocab: Sequence[str], weights: Mapping[str, Tensor]) -> Pooler:
    """The pooler over the encoder of any model."""
    encoder = modelfolder.encoder_weights(weights, config.kind, config.part)
    lstm = AwdLstm(encoder, config.architecture.n_layers)
    return Pooler(lstm, Numericaliser(config.tokenizer, vocab), config.seq_len, config.max_len)

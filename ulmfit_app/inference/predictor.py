"""A classifier: texts to labels and their probabilities, as fastai's `learn.predict` gives them for each text alone."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn.functional import batch_norm, linear

from ulmfit_app.inference.encoder import pooler_of
from ulmfit_app.inference.pooling import BATCH_TOKENS, Progress
from ulmfit_app.schema import ModelConfig, Prediction, Reading


class Predictor:
    """What `load_model` returns for a classifier. Thread-safe."""

    def __init__(self, config: ModelConfig, vocab: Sequence[str], weights: Mapping[str, Tensor]) -> None:
        self.config, self.vocab = config, tuple(vocab)
        self._pooler = pooler_of(config, vocab, weights)
        self._head = [_block(weights, number) for number in range(len(config.architecture.lin_ftrs) + 1)]

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels in the order of the probabilities."""
        return self.config.labels

    def read(self, text: str) -> Reading:
        """`text` as the model reads it."""
        return self._pooler.read(text)

    def predict(self, text: str) -> Prediction:
        """The label of one text."""
        return self.predict_many([text])[0]

    def predict_many(
        self, texts: Sequence[str], on_progress: Progress | None = None, batch_tokens: int = BATCH_TOKENS
    ) -> list[Prediction]:
        """The label of each text, in their order; each as if it were alone (to 1e-5)."""
        return self.predictions(self.logits(texts, on_progress, batch_tokens))

    def logits(
        self, texts: Sequence[str], on_progress: Progress | None = None, batch_tokens: int = BATCH_TOKENS
    ) -> Tensor:
        """(n, labels): the scores before softmax."""
        pooled = self._pooler.texts(texts, on_progress, batch_tokens)
        return self._scores(pooled)

    def predictions(self, logits: Tensor) -> list[Prediction]:
        """What the scores `logits` (n, labels) say of each text."""
        return [self._prediction(row) for row in logits.softmax(1).tolist()]

    @torch.inference_mode()
    def _scores(self, pooled: Tensor) -> Tensor:
        """fastai's `PoolingLinearClassifier.layers` in evaluation mode: (batch norm, linear) with ReLU between."""
        scores = pooled
        for number, (mean, variance, scale, shift, weight) in enumerate(self._head):
            if number:
                scores = scores.relu()
            scores = linear(batch_norm(scores, mean, variance, scale, shift), weight)
        return scores

    def _prediction(self, probabilities: list[float]) -> Prediction:
        index = probabilities.index(max(probabilities))
        return Prediction(self.labels[index], index, dict(zip(self.labels, probabilities, strict=True)))


def _block(weights: Mapping[str, Tensor], number: int) -> tuple[Tensor, ...]:
    names = ("0.running_mean", "0.running_var", "0.weight", "0.bias", "2.weight")
    return tuple(weights[f"1.layers.{number}.{name}"] for name in names)

"""From a text to tokens and ids of a model's vocabulary, with the tokenizer the model was trained with."""

from collections.abc import Sequence

from ulmfit_app.data.rules import RULES
from ulmfit_app.data.tokens import Tokenizer
from ulmfit_app.errors import ModelFolderError
from ulmfit_app.schema import FAKE, UNK, UNK_ID, Reading, TokenizerConfig


class Numericaliser:
    """Callable: text -> ids. Raises `ModelFolderError` when made for text rules that this version does not have."""

    def __init__(self, tokenizer: TokenizerConfig, vocab: Sequence[str]) -> None:
        if tuple(tokenizer.rules) != tuple(RULES):
            raise ModelFolderError(
                "The model was trained on texts prepared by other rules than this version's: it would misread yours.",
                todo="Use the version of ULMFiT Studio that made it, or train it again.",
            )
        self._tokenizer = Tokenizer(tokenizer.language)
        self._ids = {word: number for number, word in enumerate(vocab) if word != FAKE}

    def __call__(self, text: str) -> list[int]:
        """The ids of `text`, that of `xxbos` first; 0 for unknown words."""
        return [self._ids.get(token, UNK_ID) for token in self._tokenizer(text)]

    def read(self, text: str) -> Reading:
        """The tokens of `text`, and which of them have no id of their own. A literal `xxunk` counts as unknown."""
        tokens = tuple(self._tokenizer(text))
        return Reading(tokens, frozenset(token for token in tokens if token == UNK or token not in self._ids))

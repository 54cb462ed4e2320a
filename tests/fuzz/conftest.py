"""Properties of everything that comes from outside: no crash, no leak, bounded memory; see `examples`."""

from collections.abc import Iterator

import pytest

from tests.fuzz.examples import bounded_memory
from ulmfit_app.data.tokens import Tokenizer


@pytest.fixture(autouse=True)
def memory() -> Iterator[None]:
    """The peak of every test's memory is bounded; the libraries that all of them need are loaded before."""
    Tokenizer("en")("A text.")
    with bounded_memory():
        yield

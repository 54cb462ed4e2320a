"""Texts in links: what goes in comes out, nothing is too long, and what was not made here is refused cheaply."""

import tracemalloc
from base64 import urlsafe_b64encode
from urllib.parse import quote_plus
from zlib import compress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ulmfit_app.errors import AppError
from ulmfit_app.ui.long_text import MARK, MOST, pack, unpack

ANY = 200_000


@given(st.builds(lambda text, times: text * times, st.text(), st.integers(1, 100)))
def test_what_is_packed_is_unpacked(text: str) -> None:
    value = pack(text)
    if value is not None:
        assert len(quote_plus(value)) <= MOST + len(quote_plus(MARK)) and unpack(value, ANY) == text


def test_short_texts_stay_legible_and_long_ones_are_compressed() -> None:
    assert pack("A fine film.") == "A fine film."
    review = "Ein schöner, langer Film über das Meer. " * 200
    packed = pack(review)
    assert packed and packed.startswith(MARK) and len(packed) < 500 and unpack(packed, ANY) == review


def test_a_text_that_looks_compressed_is_still_a_text() -> None:
    packed = pack(f"{MARK}not")
    assert packed and unpack(packed, ANY) == f"{MARK}not"


def test_a_text_is_cut_to_what_is_allowed() -> None:
    packed = pack("a" * 3000)
    assert packed and unpack(packed, 1000) == "a" * 1000
    assert unpack("abc", 2) == "ab"


@given(st.one_of(st.text(), st.binary().map(lambda raw: urlsafe_b64encode(raw).decode())))
def test_anything_else_is_a_text_or_refused(value: str) -> None:
    try:
        assert len(unpack(MARK + value, 100)) <= 100
    except AppError as error:
        assert "damaged" in str(error)


def test_a_bomb_is_refused_without_being_unpacked() -> None:
    bomb = MARK + urlsafe_b64encode(compress(bytes(50_000_000), 9)).decode().rstrip("=")
    tracemalloc.start()
    with pytest.raises(AppError, match="too long"):
        unpack(bomb, 100_000)
    assert tracemalloc.get_traced_memory()[1] < 3_000_000
    tracemalloc.stop()


@given(st.text(min_size=500, alphabet="abcdefghij "), st.data())
def test_a_link_that_was_cut_off_is_refused(text: str, data: st.DataObject) -> None:
    packed = pack(text * 10)
    if packed and packed.startswith(MARK):
        with pytest.raises(AppError):
            unpack(packed[: data.draw(st.integers(len(MARK), len(packed) - 3))], ANY)

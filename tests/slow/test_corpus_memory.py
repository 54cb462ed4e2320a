"""A corpus several times larger than what is kept of it: from its files to minibatches in bounded memory."""

import json
import random
import tracemalloc
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
import torch

from ulmfit_app import recipes
from ulmfit_app.data import dataset, sources, tablefile, textstore, token_table, token_workers
from ulmfit_app.engine import corpus, loaders
from ulmfit_app.schema import Kind

TEXTS, WORDS = 2_000, 1_600  # texts, words in each: 19 MB
BOUND = 6_000_000  # bytes


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    """A JSON Lines file of unlabelled texts."""
    drawn = random.Random(0)
    words = [f"{''.join(drawn.choices('abcdefghij', k=5))}" for _ in range(1_000)]
    path = tmp_path / "corpus.jsonl"
    with path.open("w") as file:
        for _ in range(TEXTS):
            file.write(json.dumps({"text": " ".join(drawn.choices(words, k=WORDS))}) + "\n")
    return path


def test_a_large_corpus_becomes_minibatches_in_little_memory(lines: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, value in (
        (textstore, "IN_MEMORY", 500_000),
        (textstore, "HELD", 1_000_000),
        (dataset, "GROUP_CHARS", 500_000),
        (token_table, "TOKENS_AT_ONCE", 50_000),
        (token_workers, "CHUNK", 20),
        (tablefile, "GUESSED_FROM", 20),
    ):
        monkeypatch.setattr(module, name, value)
    monkeypatch.setattr(token_workers, "usable_cores", lambda: 1)  # what other processes hold is not seen here
    recipe = recipes.override(recipes.get("pretrain", Kind.LM), {"bs": 16, "seq_len": 40})
    token_table.tokenise(["Loads spaCy before anything is measured."])
    arrow, size = pa.total_allocated_bytes(), lines.stat().st_size
    tracemalloc.start()
    info = sources.add("large", [lines], text_columns=["text"], label_column="")
    found = sources.open_dataset("large")
    texts = corpus.prepare(found, corpus.choose_rows(Kind.LM, found, recipe, 1), lambda *_: None)
    vocab = texts.vocabulary(recipe)
    parts = [loaders.LMTexts(texts.ids(rows, vocab, None), vocab) for rows in (texts.train, texts.valid)]
    dls = loaders.lm_loaders(*parts, recipe, torch.device("cpu"))
    batches = [batch for _, batch in zip(range(20), dls.train, strict=False)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert info.counts.unlabelled == TEXTS and len(vocab) > 900 and len(batches) == 20
    assert size > 3 * BOUND and peak < BOUND
    assert pa.total_allocated_bytes() - arrow < BOUND

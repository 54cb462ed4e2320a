"""Chunks of tokens, and the start of a worker process."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from ulmfit_app.data.token_workers import tokenise_chunk
from ulmfit_app.data.tokens import Tokenizer
from ulmfit_app.settings import CHECKOUT

SCRIPT = """
import sys
from ulmfit_app.data.child import settle
from ulmfit_app.data.token_workers import tokenise_chunk
assert "torch" not in sys.modules and "spacy" not in sys.modules
settle()
print(tokenise_chunk(["Isn't it?"]).words, sys.modules["torch"])
"""


def test_a_chunk_names_each_word_once() -> None:
    chunk = tokenise_chunk(["Good, good.", "", "good"])
    assert chunk.words == ["xxbos", "xxmaj", "good", ",", "."] and chunk.lengths.tolist() == [6, 1, 2]
    assert chunk.ids.tolist() == [0, 1, 2, 3, 2, 4, 0, 0, 2] and chunk.ids.dtype == np.uint32


def test_a_worker_gets_the_same_tokens_without_torch() -> None:
    """spaCy 3.8 with thinc 8.3 takes a missing torch; importing it would cost 180 MB in every process."""
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    expected = Tokenizer()("Isn't it?")
    assert done.stdout.strip() == f"{expected} None"


def test_workers_do_not_run_the_script_that_started_them(tmp_path: Path) -> None:
    """Streamlit makes the page the main module: a worker that imported it would draw the page, and tokenise again."""
    script = tmp_path / "page.py"
    script.write_text(
        "from ulmfit_app.data.token_workers import tokenised_chunks\n"
        "print('runs')\n"
        "print(sum(len(chunk.lengths) for chunk in tokenised_chunks(['good'] * 1001, 'en', 2)))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, env=environment, check=False)
    assert done.stdout.split() == ["runs", "1001"], done.stderr

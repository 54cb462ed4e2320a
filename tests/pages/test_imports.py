"""No page costs the seconds and megabytes of a library that it does not use: each is drawn in a process of its own."""

import subprocess
import sys

import pytest

from tests.fixtures import tiny_classifier, tiny_lm
from ulmfit_app.settings import CHECKOUT, settings

PAGES = sorted(path.name for path in (CHECKOUT / "pages").glob("*.py"))
DRAW = """
import sys
from pathlib import Path
from streamlit.testing.v1 import AppTest
from ulmfit_app.settings import Settings

if sys.argv[2] == "empty":
    Settings.shipped_models = property(lambda _: Path("nowhere"))
app = AppTest.from_file(sys.argv[1], default_timeout=60).run()
assert not app.exception, app.exception[0].value
assert app.title
print(",".join(sorted({"torch", "fastai", "spacy"} & sys.modules.keys())))
"""
IMPORT = """
import pkgutil, sys
from importlib import import_module
from ulmfit_app import ui

for module in pkgutil.iter_modules(ui.__path__):
    if module.name != "navigation":  # runs the app
        import_module(f"ulmfit_app.ui.{module.name}")
print(",".join(sorted({"torch", "fastai", "spacy"} & sys.modules.keys())))
"""
TOKENISES = {"explore.py"}  # draws tokens as soon as it is opened; and spaCy imports torch where that is installed
COUNTS_WORDS = {"finetune_lm.py", "finetune_classifier.py"}  # of a sample of the texts, before anything is started


def imported(code: str, *arguments: str) -> set[str]:
    """The slow libraries that a fresh process has imported after it ran `code`."""
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return set(filter(None, done.stdout.strip().split(",")))


def test_what_pages_import_imports_no_slow_library() -> None:
    assert imported(IMPORT) == set()


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_home_is_drawn_without_torch_and_fastai(page: str) -> None:
    found = imported(DRAW, str(CHECKOUT / "pages" / page), "empty")
    assert "fastai" not in found
    assert page in TOKENISES | COUNTS_WORDS or not found


@pytest.mark.parametrize("page", ["home.py", "predict.py", "generate.py", "evaluate.py", "models.py"])
def test_a_model_is_not_loaded_before_it_is_asked(page: str) -> None:
    tiny_classifier(settings().home_path / "models" / "tiny")
    tiny_lm(settings().home_path / "models" / "tiny-lm")
    assert imported(DRAW, str(CHECKOUT / "pages" / page), "own") == set()

"""What the documentation says is true: commands and their options, the file tree, the settings, the lock, the links."""

import ast
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main
from packaging.requirements import Requirement

from tools import lock
from ulmfit_app import recipes
from ulmfit_app.cli.app import app
from ulmfit_app.schema import Kind
from ulmfit_app.settings import CHECKOUT, Settings

README = (CHECKOUT / "README.md").read_text()
GUIDE = (CHECKOUT / "docs" / "guide.md").read_text()
UNTOLD = {"__init__.py", "__pycache__", "py.typed", "build", "dist", "ulmfit_studio.egg-info"}


def block(language: str, text: str = README) -> list[str]:
    """The lines of the code blocks marked `language`."""
    found = re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return [line for body in found for line in body.splitlines() if line.strip()]


def commands() -> dict[str, Any]:
    """Every command of the program by its words: `data list`, `predict`, …"""
    root = typer.main.get_command(app)
    found: dict[str, Any] = {}
    for name, command in root.commands.items():
        children = getattr(command, "commands", None)
        found |= {f"{name} {child}": leaf for child, leaf in children.items()} if children else {name: command}
    return found


def options(command: Any) -> set[str]:
    """The long options of `command`, without --help."""
    return {name for parameter in command.params for name in parameter.opts if name.startswith("--")} - {"--help"}


def words_of(arguments: list[str]) -> str:
    """The command that a command line's words name."""
    return next(words for words in (" ".join(arguments[:2]), arguments[0]) if words in commands())


def examples() -> list[str]:
    """Every example command in README and on the home page."""
    told = [line.removeprefix("$ ").split("  #")[0] for line in block("console")]
    page = ast.parse((CHECKOUT / "pages" / "home.py").read_text())
    shown = [node.value for node in ast.walk(page) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return told + [line for text in shown for line in text.splitlines() if line.startswith("ulmfit ")]


def test_the_reference_has_every_command_with_its_options() -> None:
    told = {words_of(line.split()[1:]): set(re.findall(r"--[a-z-]+", line)) for line in block("usage")}
    assert told == {words: options(command) for words, command in commands().items()}


@pytest.mark.parametrize("example", examples())
def test_examples_are_valid_command_lines(example: str) -> None:
    program, *arguments = shlex.split(example)
    words = words_of(arguments)
    context = commands()[words].make_context(words, arguments[len(words.split()) :])
    assert program == "ulmfit" and context.params


def test_examples_name_recipes_that_exist() -> None:
    named = [match for example in examples() for match in re.findall(r"train (\S+) .*--recipe (\S+)", example)]
    assert named
    assert all(recipes.get(name, Kind(kind)).name == name for kind, name in named)


def test_the_guide_lists_every_recipe() -> None:
    table = GUIDE.split("## Recipes")[1].split("## ")[0]
    assert set(re.findall(r"^\| `([a-z-]+)`", table, re.MULTILINE)) == {recipe.name for recipe in recipes.RECIPES}


def tree() -> set[str]:
    """The paths in README's file tree, folders without their slash."""
    paths, folder = set(), ""
    for line in block("tree"):
        if "  " not in line.strip() or line.startswith("CONTRIBUTING"):
            paths |= set(line.split())
            continue
        name = line.split()[0]
        if line.startswith("  "):
            paths.add(folder + name.rstrip("/"))
        else:
            folder = name
            paths.add(name.rstrip("/"))
    return paths


def test_the_tree_is_the_real_one() -> None:
    package = {f"ulmfit_app/{path.name}" for path in (CHECKOUT / "ulmfit_app").iterdir() if path.name not in UNTOLD}
    top = {path.name for path in CHECKOUT.iterdir() if path.name not in UNTOLD}
    hidden = {name for name in top if name.startswith(".")}  # the tools of whoever works here leave folders too
    assert tree() - hidden == (package | top) - hidden
    assert {".ci", ".streamlit"} <= tree() & hidden


def test_the_settings_are_the_real_ones() -> None:
    told = re.findall(r"^\| `(ULMFIT_\w+)` \| (.*?) ?\| (.*) \|$", README, re.MULTILINE)
    real = [
        (f"ULMFIT_{name.upper()}", "" if field.default is None else f"`{field.default}`", field.description)
        for name, field in Settings.model_fields.items()
    ]
    assert told == real


def test_the_targets_of_make_exist() -> None:
    makefile = (CHECKOUT / "Makefile").read_text()
    text = README + (CHECKOUT / "CONTRIBUTING.md").read_text() + makefile.split("\n")[0]
    named = set(re.findall(r"(?:`|^)make ([a-z][a-z0-9-]+)", text, re.MULTILINE))
    assert {"run", "test", "test-fast", "lock"} <= named <= set(re.findall(r"^([a-z0-9-]+):", makefile, re.MULTILINE))


@pytest.mark.parametrize(
    "document",
    [
        "README.md",
        "CONTRIBUTING.md",
        "docs/guide.md",
        "docs/decisions.md",
        "docs/api.md",
        "docs/hosting.md",
        "docs/corpus.md",
    ],
)
def test_links_lead_somewhere(document: str) -> None:
    path = CHECKOUT / document
    targets = [target for target in re.findall(r"\]\(([^)]+)\)", path.read_text()) if "://" not in target]
    broken = [
        target for target in targets if not target.startswith("#") and not (path.parent / target.split("#")[0]).exists()
    ]
    headings = {re.sub(r"[^a-z0-9 -]", "", line.lstrip("# ").lower()).replace(" ", "-") for line in heads(path)}
    assert not broken and all(target[1:] in headings for target in targets if target.startswith("#"))


def heads(path: Path) -> list[str]:
    """The headings of a document."""
    return [line for line in path.read_text().splitlines() if line.startswith("#")]


@pytest.mark.skipif(sys.platform != "linux", reason="the lock is written on Linux, where every package is installed")
def test_the_locks_hold_what_is_installed() -> None:
    for path, content in lock.files().items():
        assert path.read_text() == content, f"{path.name} is not what is installed: run make lock, or make install"


def test_the_lock_leaves_cuda_to_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    needs = {"torch": ["sympy", "nvidia-nccl-cu13==2.1; sys_platform == 'linux'", "triton==4.0"]}
    monkeypatch.setattr(lock, "required", lambda found: [Requirement(line) for line in needs.get(found.name, [])])
    assert lock.closure("torch", "linux") == {"torch", "sympy"}


def test_the_lock_names_the_pair_of_torch_and_no_index() -> None:
    text = (CHECKOUT / "requirements.txt").read_text()
    assert {"torch==2.13.0", "torchvision==0.28.0"} <= set(text.splitlines())
    assert not re.search(r"--|https?:|\+cpu|pytest|playwright|ruff|mypy", text)

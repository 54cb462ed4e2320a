"""The layer rules and caps of the code, checked on its syntax trees. Every rule is also fed code that breaks it.

A rule is a function from a file (its path in the repository, its tree) to the violations it finds, as (line, text).
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parent.parent
CODE = ("app.py", "pages", "ulmfit_app", "tools", "benchmarks", "tests")

BASE = {"schema", "settings", "errors", "access", "quota", "limits", "rate", "redaction"}
SERVICES = {"runs", "registry", "hub", "inference", "data", "charts", "recipes", "defaults", "training", "signing"}
SERVICES |= {"hardware", "trash", "handover"}
ARROWS: dict[str, set[str]] = {
    "app": {"api", "runs", "ui"},
    "pages": {"ui"} | SERVICES,
    "ui": SERVICES,
    "cli": SERVICES,
    "api": SERVICES,
    "__main__": {"cli"},
    "__init__": {"registry", "hub", "inference"},
    "training": {"registry", "runs", "data", "recipes", "defaults", "hardware"},
    "handover": {"registry", "runs", "data"},
    "runs": {"recipes"},
    "runs.worker": {"engine", "inference", "data"},
    "engine": {"modelfolder", "data", "recipes", "hardware"},
    "inference": {"modelfolder", "data"},
    "registry": {"modelfolder", "trash"},
    "data": {"trash"},
    "hub": {"modelfolder"},
}
EXCLUSIVE: dict[str, tuple[str, ...]] = {
    "fastai": ("ulmfit_app/engine/", "tests/", "benchmarks/"),
    "fastcore": ("ulmfit_app/engine/", "tests/", "benchmarks/"),
    "torch": (
        "ulmfit_app/engine/",
        "ulmfit_app/inference/",
        "ulmfit_app/modelfolder",
        "ulmfit_app/hardware.py",
        "tests/",
        "benchmarks/",
    ),
    "streamlit": ("ulmfit_app/ui/", "pages/", "app.py", "tests/"),
    "starlette": ("ulmfit_app/api", "app.py", "tests/"),
    "plotly": ("ulmfit_app/charts", "tests/"),
    "huggingface_hub": ("ulmfit_app/hub", "tests/"),
    "subprocess": ("ulmfit_app/runs/launcher.py", "tests/", "benchmarks/", "tools/"),
}
SLOW_IMPORTS = {"torch", "fastai", "spacy", "pyarrow", "pandas", "scipy", "sklearn"}
UNPICKLES = PurePosixPath("ulmfit_app/engine/wt103.py")  # with an unpickler that knows no class
UNSAFE = {"pickle", "cPickle", "_pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers"}

Violations = Iterator[tuple[int, str]]
Rule = Callable[[PurePosixPath, ast.Module], Violations]


@dataclass(frozen=True)
class Import:
    """One imported module: `at_import` if it is loaded as soon as the importing module is."""

    module: str
    line: int
    at_import: bool


def imports(tree: ast.Module) -> list[Import]:
    """Every import of `tree`; `from a import b` counts as `a.b`, so that submodules are seen."""
    found: list[Import] = []

    def visit(node: ast.AST, at_import: bool) -> None:
        if isinstance(node, ast.Import):
            found.extend(Import(alias.name, node.lineno, at_import) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            prefix = "." * node.level + (node.module or "")
            found.extend(Import(f"{prefix}.{alias.name}", node.lineno, at_import) for alias in node.names)
        lazy = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        typing_only = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for child in ast.iter_child_nodes(node):
            visit(child, at_import and not lazy and not typing_only)

    visit(tree, True)
    return found


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of `tree`, nested ones included."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def layer_of(module: str) -> str:
    """The layer of a dotted module name of ours: its first part under the package; `runs.worker` is its own."""
    parts = module.split(".")
    if parts[0] != "ulmfit_app":
        return parts[0]
    below = ".".join(parts[1:])
    return "runs.worker" if below.startswith("runs.worker") else (parts[1] if len(parts) > 1 else "__init__")


def module_of(path: PurePosixPath) -> str:
    """The dotted name of the module in `path`."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 2 else parts)


LAYERS = BASE | SERVICES | set(ARROWS) | {"modelfolder", "engine"}


def arrows(path: PurePosixPath, tree: ast.Module) -> Violations:
    """Layers import only the layers that the design lets them import."""
    if path.parts[0] not in ("app.py", "pages", "ulmfit_app"):
        return
    layer = layer_of(module_of(path))
    allowed = BASE | ARROWS.get(layer, set())
    if layer != "pages":  # pages never import each other
        allowed |= {layer.split(".")[0]}
    if layer == "runs.worker":
        allowed |= ARROWS["runs"]
    for found in imports(tree):
        if found.module.startswith("."):
            yield found.line, "relative import: write the full name, so that layers can be checked"
        target = layer_of(found.module)
        ours = found.module.startswith("ulmfit_app.") or target == "pages"
        if ours and target in LAYERS and target.split(".")[0] not in allowed:
            yield found.line, f"{layer} must not import {target}"


def inference_reads_only_the_text_rules_of_data(path: PurePosixPath, tree: ast.Module) -> Violations:
    """inference imports of data only rules and tokens."""
    if path.parts[:2] == ("ulmfit_app", "inference"):
        for found in imports(tree):
            if layer_of(found.module) == "data" and not found.module.startswith(
                ("ulmfit_app.data.rules", "ulmfit_app.data.tokens")
            ):
                yield found.line, f"inference must not import {found.module}"


def package_root_is_lazy(path: PurePosixPath, tree: ast.Module) -> Violations:
    """`import ulmfit_app` loads nothing of ours; `load_model` does."""
    if path == PurePosixPath("ulmfit_app/__init__.py"):
        for found in imports(tree):
            if found.at_import and found.module.startswith("ulmfit_app"):
                yield found.line, f"{found.module} must be imported inside load_model"


def exclusive_libraries(path: PurePosixPath, tree: ast.Module) -> Violations:
    """Some libraries have one home."""
    for found in imports(tree):
        homes = EXCLUSIVE.get(found.module.split(".")[0])
        if homes and not str(path).startswith(homes):
            yield found.line, f"{found.module}: only {', '.join(homes)} may import it"


def slow_libraries_are_imported_late(path: PurePosixPath, tree: ast.Module) -> Violations:
    """Only engine and inference may load a slow library at import time."""
    if path.parts[0] in ("app.py", "pages", "ulmfit_app") and path.parts[1:2] not in (("engine",), ("inference",)):
        for found in imports(tree):
            if found.at_import and found.module.split(".")[0] in SLOW_IMPORTS:
                yield found.line, f"{found.module} is slow to import: import it inside the function that needs it"


def environment_is_read_in_settings(path: PurePosixPath, tree: ast.Module) -> Violations:
    """Only settings reads the environment."""
    if path.parts[0] in ("tests", "tools", "benchmarks") or path == PurePosixPath("ulmfit_app/settings.py"):
        return
    names = {"os.environ", "os.getenv", "os.putenv", "os.environb"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node) in names:
            yield node.lineno, f"{ast.unparse(node)}: only settings.py reads the environment"
    yield from ((found.line, f"import of {found.module}") for found in imports(tree) if found.module in names)


def nothing_is_unpickled(path: PurePosixPath, tree: ast.Module) -> Violations:
    """No pickle, and torch.load only with weights_only=True."""
    for found in imports(tree):
        if found.module.split(".")[0] in UNSAFE and path != UNPICKLES:
            yield found.line, f"{found.module} can run code from a file"
        if found.module == "torch.load":
            yield found.line, "write torch.load(…) in full, so that its weights_only can be checked"
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if ast.unparse(node.func) in ("pickle.load", "pickle.loads", "pickle.Unpickler"):
                yield node.lineno, "Python's own unpickler runs what it finds"
            given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            if ast.unparse(node.func) == "torch.load" and given.get("weights_only") != "True":
                yield node.lineno, "torch.load without weights_only=True"
            if given.get("allow_pickle", "False") != "False":
                yield node.lineno, "allow_pickle"


def shells_are_not_used(path: PurePosixPath, tree: ast.Module) -> Violations:
    """os.system and the like are subprocess by another name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("os.system", "os.popen", "os.fork", "os.spawnl"):
            yield node.lineno, f"{ast.unparse(node.func)}: processes are started by runs/launcher.py"


def sizes(path: PurePosixPath, tree: ast.Module) -> Violations:
    """Functions have at most 60 lines, modules 400, pages 100, app.py 15."""
    cap = {"app.py": 15, "pages": 100}.get(path.parts[0], 400)
    lines = max((node.end_lineno or 0 for node in tree.body), default=0)
    if lines > cap:
        yield lines, f"{lines} lines, the cap is {cap}"
    for function in functions(tree):
        length = (function.end_lineno or 0) - function.lineno + 1
        if length > 60:
            yield function.lineno, f"{function.name} has {length} lines, the cap is 60"


def names_say_something(path: PurePosixPath, tree: ast.Module) -> Violations:
    """No module or package is called utils and the like."""
    for part in path.with_suffix("").parts:
        if part in VAGUE_NAMES:
            yield 1, f"'{part}' says nothing about what is inside"


def every_test_asserts(path: PurePosixPath, tree: ast.Module) -> Violations:
    """Every test function has an assertion, itself or in a function of its module that it calls."""
    if path.parts[0] != "tests" or not path.name.startswith("test_"):
        return
    asserting = {function.name for function in functions(tree) if _asserts(function)}
    for function in functions(tree):
        called = {ast.unparse(node.func) for node in ast.walk(function) if isinstance(node, ast.Call)}
        if function.name.startswith("test_") and function.name not in asserting and not called & asserting:
            yield function.lineno, f"{function.name} has no assertion"


def _asserts(function: ast.AST) -> bool:
    for node in ast.walk(function):
        if isinstance(node, ast.Assert) and not isinstance(node.test, ast.Constant):
            return True
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name in ("pytest.raises", "pytest.warns", "expect") or name.split(".")[-1].startswith("assert_"):
                return True
    return False


BROKEN: list[tuple[Rule, str, str]] = [
    (arrows, "ulmfit_app/engine/finetune.py", "from ulmfit_app.runs import folder"),
    (arrows, "ulmfit_app/engine/finetune.py", "def f():\n    import ulmfit_app.ui.errors"),
    (arrows, "ulmfit_app/engine/finetune.py", "from ulmfit_app import registry"),
    (arrows, "ulmfit_app/runs/submit.py", "from ulmfit_app.engine import finetune"),
    (arrows, "ulmfit_app/runs/submit.py", "from ulmfit_app.registry import folder_of"),
    (arrows, "ulmfit_app/runs/submit.py", "from ulmfit_app.data import sources"),
    (arrows, "ulmfit_app/schema/runs.py", "from ulmfit_app.recipes import get"),
    (arrows, "ulmfit_app/registry.py", "from . import hub"),
    (arrows, "ulmfit_app/cli.py", "from ulmfit_app.modelfolder import verify"),
    (arrows, "pages/home.py", "from ulmfit_app.engine import devices"),
    (arrows, "pages/home.py", "from pages.models import draw"),
    (arrows, "app.py", "from ulmfit_app.registry import models"),
    (inference_reads_only_the_text_rules_of_data, "ulmfit_app/inference/a.py", "from ulmfit_app.data import dataset"),
    (package_root_is_lazy, "ulmfit_app/__init__.py", "from ulmfit_app import inference"),
    (exclusive_libraries, "ulmfit_app/inference/predictor.py", "import fastai.text.all"),
    (exclusive_libraries, "ulmfit_app/data/tokens.py", "from fastai.text.core import Tokenizer"),
    (exclusive_libraries, "ulmfit_app/registry.py", "def f():\n    import torch"),
    (exclusive_libraries, "ulmfit_app/runs/submit.py", "import subprocess"),
    (exclusive_libraries, "ulmfit_app/cli.py", "import streamlit as st"),
    (exclusive_libraries, "pages/home.py", "import plotly.graph_objects as go"),
    (exclusive_libraries, "ulmfit_app/registry.py", "from huggingface_hub import HfApi"),
    (exclusive_libraries, "ulmfit_app/ui/errors.py", "from starlette.routing import Route"),
    (slow_libraries_are_imported_late, "ulmfit_app/data/dataset.py", "import pyarrow.parquet as pq"),
    (slow_libraries_are_imported_late, "ulmfit_app/modelfolder/__init__.py", "if True:\n    import torch"),
    (environment_is_read_in_settings, "ulmfit_app/runs/launcher.py", "import os\nos.environ['A'] = '1'"),
    (environment_is_read_in_settings, "ulmfit_app/cli.py", "from os import environ"),
    (environment_is_read_in_settings, "pages/home.py", "import os\nos.getenv('HOME')"),
    (nothing_is_unpickled, "ulmfit_app/hub.py", "def f():\n    import pickle"),
    (nothing_is_unpickled, "ulmfit_app/engine/wt103.py", "import pickle\npickle.load(file)"),
    (nothing_is_unpickled, "tests/unit/test_x.py", "torch.load(path)"),
    (nothing_is_unpickled, "ulmfit_app/engine/parents.py", "torch.load(path, weights_only=False)"),
    (nothing_is_unpickled, "ulmfit_app/engine/parents.py", "from torch import load"),
    (nothing_is_unpickled, "ulmfit_app/data/token_table.py", "np.load(path, allow_pickle=True)"),
    (shells_are_not_used, "ulmfit_app/cli.py", "import os\nos.system('ls')"),
    (sizes, "app.py", "pass\n" * 16),
    (sizes, "pages/home.py", "pass\n" * 101),
    (sizes, "ulmfit_app/cli.py", "pass\n" * 401),
    (sizes, "ulmfit_app/cli.py", "class A:\n    def f(self):\n" + "        pass\n" * 60),
    (names_say_something, "ulmfit_app/data/utils.py", ""),
    (names_say_something, "ulmfit_app/helpers/text.py", ""),
    (every_test_asserts, "tests/unit/test_x.py", "def test_a():\n    run()"),
    (every_test_asserts, "tests/unit/test_x.py", "def test_a():\n    assert True"),
]
SOUND: list[tuple[Rule, str, str]] = [
    (arrows, "ulmfit_app/runs/worker.py", "from ulmfit_app.engine import finetune\nfrom ulmfit_app.runs import folder"),
    (arrows, "ulmfit_app/ui/errors.py", "from ulmfit_app import __version__\nfrom ulmfit_app.errors import AppError"),
    (slow_libraries_are_imported_late, "ulmfit_app/registry.py", "if TYPE_CHECKING:\n    import torch"),
    (slow_libraries_are_imported_late, "ulmfit_app/data/dataset.py", "def f():\n    import pyarrow"),
    (nothing_is_unpickled, "ulmfit_app/engine/parents.py", "torch.load(path, weights_only=True)"),
    (sizes, "ulmfit_app/cli.py", "def f():\n" + "    pass\n" * 59),
    (every_test_asserts, "tests/unit/test_x.py", "def same(a):\n    assert a\ndef test_a():\n    same(1)"),
    (every_test_asserts, "tests/unit/test_x.py", "def test_a():\n    with pytest.raises(ValueError):\n        f()"),
]
RULES = list(dict.fromkeys(rule for rule, _, _ in BROKEN))


def sources() -> list[Path]:
    """Every Python file of the repository that the rules speak about."""
    tops = [ROOT / name for name in CODE]
    return [file for top in tops for file in ([top] if top.is_file() else sorted(top.rglob("*.py")))]


@pytest.fixture(scope="module")
def trees() -> dict[PurePosixPath, ast.Module]:
    """The parsed files by their path in the repository."""
    return {PurePosixPath(path.relative_to(ROOT).as_posix()): ast.parse(path.read_text()) for path in sources()}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule_holds(rule: Rule, trees: dict[PurePosixPath, ast.Module]) -> None:
    found = [f"{path}:{line}: {text}" for path, tree in trees.items() for line, text in rule(path, tree)]
    assert not found, "\n".join([str(rule.__doc__), *found])


def test_the_rules_see_the_code(trees: dict[PurePosixPath, ast.Module]) -> None:
    seen = {str(path) for path in trees}
    assert {"app.py", "pages/home.py", "ulmfit_app/settings.py", "tests/test_architecture.py"} <= seen


@pytest.mark.parametrize(("rule", "path", "code"), BROKEN, ids=lambda value: getattr(value, "__name__", None))
def test_rule_catches_a_violation(rule: Rule, path: str, code: str) -> None:
    assert list(rule(PurePosixPath(path), ast.parse(code)))


@pytest.mark.parametrize(("rule", "path", "code"), SOUND, ids=lambda value: getattr(value, "__name__", None))
def test_rule_lets_sound_code_pass(rule: Rule, path: str, code: str) -> None:
    assert not list(rule(PurePosixPath(path), ast.parse(code)))


def test_every_module_has_a_layer(trees: dict[PurePosixPath, ast.Module]) -> None:
    strange = {layer_of(module_of(path)) for path in trees if path.parts[0] == "ulmfit_app"} - LAYERS
    assert not strange, f"modules outside the design's layers: {strange}"

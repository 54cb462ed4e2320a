"""A link to every page: it restores the view, stands there to be copied, and neither starts nor carries anything."""

import ast
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.fixtures import tiny_classifier, tiny_lm
from tests.unit.runs.making import make_run, status
from tests.unit.training.datasets import make_dataset
from ulmfit_app.data import sources
from ulmfit_app.runs.folder import all_runs
from ulmfit_app.schema import RunState
from ulmfit_app.settings import CHECKOUT
from ulmfit_app.ui.long_text import pack
from ulmfit_app.ui.scripts import COPY_LINK

LONG = "A quiet film — «about» the sea, 🙂 told twice. " * 40
PACKED = str(pack(LONG))
Query = dict[str, str | list[str]]


@dataclass(frozen=True)
class Link:
    """A page with a query, and what then stands in its controls, by their keys. Values at first leave the URL."""

    page: str
    query: Query = field(default_factory=dict)
    restored: dict[str, object] = field(default_factory=dict)
    shows: str = ""  # in a heading, a text or the HTML of the page


TRAINING: Query = {"dataset": "toy", "recipe": "demo", "parent": "tiny-lm", "limit": "50", "training-seed": "7"}
TRAINED: dict[str, object] = {"dataset": "toy", "recipe": "demo", "parent": "tiny-lm", "limit": 50, "training-seed": 7}
SAMPLING: Query = {"n_words": "5", "samples": "2", "temperature": "0.5", "top_k": "9", "top_p": "0.8", "min_p": "0.1"}
SAMPLED: dict[str, object] = {"n_words": 5, "samples": 2, "temperature": 0.5, "top_k": 9, "top_p": 0.8, "min_p": 0.1}
LINKS = [
    Link("home", {"model": "tiny"}, {"model": "tiny"}),
    Link("datasets"),
    Link("datasets", {"dataset": "toy"}, shows="Lengths in words"),
    Link(
        "datasets",
        {"dataset": "toy", "tab": "Texts", "words": "movie", "label": "neg", "split": "valid"},
        {"words": "movie", "label": "neg", "split": "valid"},
        "contain all of: movie",
    ),
    Link(
        "explore",
        {"view": "Language model", "dataset": "toy", "order_seed": "7"},
        {"view": "Language model", "dataset": "toy", "order_seed": 7},
    ),
    Link(
        "explore",
        {"view": "Vocabulary", "dataset": "toy", "min_freq": "2", "word": "plot"},
        {"view": "Vocabulary", "min_freq": 2, "word": "plot"},
    ),
    Link("explore", {"view": "Your text", "text": PACKED, "model": "tiny"}, {"text": LONG, "model": "tiny"}),
    Link(
        "finetune_lm",
        TRAINING | {"name-lm": "their-lm", "set": ["bs=4", "stages.0.lr=0.003"]},
        TRAINED | {"name-lm": "their-lm"},
        "0.003",
    ),
    Link(
        "finetune_classifier",
        TRAINING | {"name-classifier": "theirs", "set": ["class_weights=yes", "stages.0.epochs=3"]},
        TRAINED | {"name-classifier": "theirs"},
        ">3<",
    ),
    Link("runs", {"state": ["failed"], "order": "By model"}, {"state": ["failed"], "order": "By model"}),
    Link("runs", {"run": "RUN"}, shows="no more"),
    Link("predict", {"model": "tiny", "text": PACKED}, {"model": "tiny", "written-text": LONG}, "Prediction:"),
    Link(
        "generate",
        SAMPLING | {"model": "tiny-lm", "prompt": PACKED, "seed": "3", "no_unk": "false"},
        SAMPLED | {"model": "tiny-lm", "prompt": LONG, "seed": 3, "no_unk": False},
    ),
    Link(
        "evaluate",
        {"model": "tiny", "dataset": "toy", "at-most": "200, drawn stratified by label"},
        {"model": "tiny", "dataset": "toy", "at-most": 200},
    ),
    Link("models", {"kind": "Classifier", "whose": "Own"}, {"kind": "Classifier", "whose": "Own"}),
    Link("models", {"model": "tiny", "part": "Download"}, shows="Its encoder"),
    Link("models", {"hub": "pull", "repo": "alice/reviews"}, {"repo": "alice/reviews"}),
]
DAMAGED = ["\x00☃ </script>", "z1~AAAA", "9" * 400, "../../etc/passwd"]
PICKING = {"run", "dataset", "model", "hub"}  # what decides which part of a page is drawn


@pytest.fixture
def run_id(home: Path, no_shipped_models: None, monkeypatch: pytest.MonkeyPatch) -> str:
    """A home with two models, a dataset, no catalogue, and a run that failed, whose id this is."""
    monkeypatch.setattr(sources, "CATALOGUE", {})
    tiny_classifier(home / "models" / "tiny")
    tiny_lm(home / "models" / "tiny-lm")
    make_dataset(home)
    run = make_run(name="failed-lm")
    run.write_status(status(RunState.FAILED, "no more"))
    return run.id


def opened(page: str, query: Query) -> AppTest:
    """A new session on the page, run once."""
    app = AppTest.from_file(CHECKOUT / "pages" / f"{page}.py", default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def listed(value: str | list[str]) -> list[str]:
    """A value of the URL, which can occur more than once."""
    return value if isinstance(value, list) else [value]


def drawn(app: AppTest) -> str:
    """What the page shows of text."""
    values = (*app.header, *app.subheader, *app.markdown, *app.error, *app.info)
    return "\n".join([*(element.body for element in app.html), *(str(element.value) for element in values)])


def kept(home: Path) -> list[Path]:
    """Everything in the home but what reading makes."""
    made = [path.relative_to(home) for path in home.rglob("*")]
    return sorted(path for path in made if path.parts[0] in ("models", "runs", "datasets") and path.suffix != ".lock")


@pytest.mark.parametrize("link", LINKS, ids=lambda link: f"{link.page}?{'&'.join(link.query)}")
def test_a_link_restores_the_view_and_starts_nothing(link: Link, run_id: str, home: Path) -> None:
    query = {key: run_id if value == "RUN" else value for key, value in link.query.items()}
    before = kept(home)
    app = opened(link.page, query)
    assert not app.exception and not app.warning
    found = {key: app.session_state[key] for key in link.restored}
    assert found == link.restored and link.shows in drawn(app)
    assert {key: listed(app.query_params[key]) for key in query} == {key: listed(query[key]) for key in query}
    assert drawn(app).count(COPY_LINK) == 1
    assert kept(home) == before and [run.id for run in all_runs()] == [run_id]


@pytest.mark.parametrize("picks", [True, False])
@pytest.mark.parametrize("page", sorted({link.page for link in LINKS}))
def test_damaged_values_leave_a_page_that_works(page: str, picks: bool, run_id: str, home: Path) -> None:
    before = kept(home)
    names = {name for link in LINKS if link.page == page for name in link.query} | {"cell", "sample", "start", "tab"}
    for damaged in DAMAGED[::2] if picks else DAMAGED[1::2]:
        app = opened(page, dict.fromkeys(sorted(names if picks else names - PICKING), damaged))
        assert not app.exception and len(app.title) == 1, damaged
    assert kept(home) == before and len(all_runs()) == 1


def test_every_page_of_the_navigation_has_a_link() -> None:
    tree = ast.parse((CHECKOUT / "ulmfit_app" / "ui" / "navigation.py").read_text())
    scripts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    pages = {name.removesuffix(".py") for name in scripts if name.endswith(".py")}
    assert pages == {link.page for link in LINKS} == {path.stem for path in (CHECKOUT / "pages").glob("*.py")}


def test_no_link_carries_a_secret_or_an_upload() -> None:
    seen = 0
    for path in [*(CHECKOUT / "ulmfit_app" / "ui").rglob("*.py"), *(CHECKOUT / "pages").glob("*.py")]:
        for call in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)):
            given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
            if given.get("type") == "'password'" or ast.unparse(call.func).endswith("file_uploader"):
                seen += 1
                assert "bind" not in given, f"{path.name}:{call.lineno}"
    assert seen >= 3

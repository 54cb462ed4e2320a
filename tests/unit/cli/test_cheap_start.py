"""Commands that need no model load none of the slow libraries; every command has a help text."""

import json
import subprocess
import sys

import pytest

from tests.unit.cli.running import Command

SLOW = {"torch", "fastai", "spacy", "streamlit", "pyarrow", "pandas", "plotly", "huggingface_hub"}
RUN = """
import json, sys
from ulmfit_app.cli import main
try:
    main(sys.argv[1:])
except SystemExit as ended:
    print(json.dumps([ended.code or 0, sorted(sys.modules)]))
"""


@pytest.mark.parametrize("command", [["--help"], ["train", "--help"], ["runs", "list"], ["models", "list"]])
def test_the_slow_libraries_are_not_loaded(command: list[str]) -> None:
    ran = subprocess.run([sys.executable, "-c", RUN, *command], capture_output=True, text=True, check=True, timeout=60)
    code, modules = json.loads(ran.stdout.splitlines()[-1])
    assert code == 0
    assert not SLOW & set(modules)


@pytest.mark.parametrize(
    ("command", "options"),
    [
        (("data", "add"), "--text-column --label-column --valid --unlabelled --base"),
        (("data", "show"), "--batch --lm --json"),
        (
            ("train",),
            "lm classifier --data --recipe --from --name --limit --device --precision --threads --seed --set --detach "
            "--json",
        ),
        (("runs",), "list show stop pause resume move delete restore"),
        (("predict",), "--model --text --input --text-column --output --json"),
        (
            ("generate",),
            "--model --prompt --n-words --temperature --samples --seed --top-k --top-p --min-p --repetition-penalty",
        ),
        (("evaluate",), "--model --input --text-column --label-column --json"),
        (("models",), "list show rename delete export"),
        (("models", "export"), "--half --encoder --fastai"),
        (("data",), "list show add rename delete"),
        ((), "data train runs predict generate evaluate models serve"),
    ],
)
def test_the_designs_commands_and_options_are_there(
    ulmfit: Command, command: tuple[str, ...], options: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    ran = ulmfit(*command, "--help")
    assert ran.code == 0
    assert [option for option in options.split() if option not in ran.out] == []


def test_wrong_usage_is_code_2(ulmfit: Command) -> None:
    assert ulmfit("train", "transformer").code == 2
    assert ulmfit("nothing").code == 2
    assert ulmfit("train", "lm", "--device", "abacus").code == 2

"""The command line: one module per group of commands, each calling the functions that the UI calls.

Answers go to stdout; progress, choices, warnings and errors to stderr, so that `--json` puts exactly one object on
stdout. Exit codes: 0 ok, 1 an error that is told, 2 wrong usage, 3 a run that was stopped, 130 interrupted.
Importing this package loads neither torch nor fastai nor spaCy nor streamlit; commands import what they use.
"""

from ulmfit_app.cli.app import main

__all__ = ["main"]

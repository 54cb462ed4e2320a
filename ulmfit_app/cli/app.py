"""The root command, and the one place where an exception becomes a message and an exit code."""

import platform
import sys
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ulmfit_app import __version__, access
from ulmfit_app.cli import data, hub, inference, models, runs, serve, train
from ulmfit_app.cli.console import answer, note
from ulmfit_app.errors import AppError
from ulmfit_app.settings import settings

app = typer.Typer(
    name="ulmfit",
    help="ULMFiT by command: real texts in, a language model and a classifier out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(data.app, name="data")
app.command("train")(train.train)
app.add_typer(runs.app, name="runs")
app.command("predict")(inference.predict)
app.command("generate")(inference.generate)
app.command("evaluate")(inference.evaluate)
app.add_typer(models.app, name="models")
app.add_typer(hub.app, name="hub")
app.command("serve")(serve.serve)


def _version(wanted: bool) -> None:
    if wanted:
        answer(f"ulmfit {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """The options that stand before a command."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command in `arguments` (default: the process's) and exit."""
    try:
        with access.acting_for(access.LOCAL):  # whoever has a shell here is no visitor
            app(args=arguments, prog_name="ulmfit")
    except AppError as error:
        _fail(str(error))
    except OSError as error:
        name = f" ({error.filename})" if error.filename else ""
        _fail(f"A file could not be read or written: {error.strerror or error}{name}.")
    except MemoryError:
        _fail("There is not enough memory for this. Use a smaller model or fewer texts.")
    except Exception as error:
        log = _logged(error)
        where = f" The details, to be sent with the report, are at the end of {log}." if log else ""
        _fail(
            f"This is an error of the program, not of yours; please report it. {type(error).__name__}: {error}.{where}"
        )


def _logged(error: Exception) -> Path | None:
    """Append the traceback to `<home>/errors.log` and return that file; None if it cannot be written."""
    told = [f"\n{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC, ulmfit {__version__}, Python {platform.python_version()}\n"]
    try:
        log = settings().home_path / "errors.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.writelines(told + traceback.format_exception(error))
    except (OSError, AppError):
        return None
    return log


def _fail(message: str) -> None:
    note(message)
    sys.exit(1)

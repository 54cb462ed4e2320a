"""The root command, and the one place where an exception becomes a message and an exit code."""

import sys
from collections.abc import Sequence

import typer

from ulmfit_app.cli import data, inference, models, runs, serve, train
from ulmfit_app.cli.console import note
from ulmfit_app.errors import AppError

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
app.command("serve")(serve.serve)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command in `arguments` (default: the process's) and exit."""
    try:
        app(args=arguments, prog_name="ulmfit")
    except AppError as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"A file could not be read or written: {error.strerror or error} ({error.filename}).")
    except MemoryError:
        _fail("There is not enough memory for this. Use a smaller model or fewer texts.")
    except Exception as error:
        _fail(f"This is an error of the program, not of yours; please report it. {type(error).__name__}: {error}")


def _fail(message: str) -> None:
    note(message)
    sys.exit(1)

"""Pictures of every page, light and dark, wide and narrow, in docs/screenshots: `make screenshots`.

The pages show what is real: the shipped models, and a short training and an evaluation made for the pictures in a home
of their own. Pictures are cut to palettes of 256 colours, as they are kept in git.
"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tools.appserver import CHECKOUT, Server, serve
from tools.chromium import chromium
from ulmfit_app.runs import requests
from ulmfit_app.runs.folder import find
from ulmfit_app.runs.follow import follow

TARGET = CHECKOUT / "docs" / "screenshots"
SIZES = {"wide": (1280, 900), "narrow": (390, 844)}
TALLEST = 2600  # pixels; a longer page is cut
SETTLED = "[data-testid=stApp][data-test-script-state=notRunning][data-test-connection-state=CONNECTED]"
BUSY = "[data-testid=stSpinner], [data-testid=stSkeleton], [data-testid=stAppSkeleton]"
PATIENCE = 180_000  # milliseconds; a first look at the reviews unpacks and counts them
SHORT = ("--data", "rotten-tomatoes", "--recipe", "demo", "--threads", "1", "--json")


@dataclass(frozen=True)
class View:
    """A page in a state that is worth a picture."""

    name: str
    page: str
    query: dict[str, str]

    @property
    def path(self) -> str:
        """The URL below the server's."""
        return f"/{self.page}?{urlencode(self.query)}"


def views(training: str, evaluation: str) -> list[View]:
    """All views; the runs are named by their ids."""
    sentence = "That honestly was the worst movie I've ever seen."
    return [
        View("home", "", {}),
        View("datasets", "datasets", {"dataset": "imdb"}),
        View("explore", "explore", {"dataset": "rotten-tomatoes"}),
        View("finetune_lm", "finetune_lm", {"dataset": "imdb"}),
        View("finetune_classifier", "finetune_classifier", {"dataset": "imdb"}),
        View("run", "runs", {"run": training}),
        View("runs", "runs", {}),
        View("evaluate", "evaluate", {"run": evaluation}),
        View("predict", "predict", {"model": "imdb-classifier", "text": sentence}),
        View("embedded", "predict", {"model": "imdb-classifier", "text": sentence, "embed": "true"}),
        View("generate", "generate", {"model": "imdb-lm", "seed": "1"}),
        View("models", "models", {}),
        View("model", "models", {"model": "imdb-classifier"}),
    ]


def ulmfit(home: Path, *arguments: str) -> dict[str, object]:
    """The command line over `home`; its JSON answer."""
    environment = {**os.environ, "ULMFIT_HOME": str(home), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "ulmfit_app", *arguments]
    done = subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)} failed:\n{done.stderr}")
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def runs_for(home: Path) -> tuple[str, str]:
    """A short training and an evaluation of the shipped classifier, as their ids."""
    trained = ulmfit(home, "train", "lm", *SHORT, "--name", "snippets-lm", "--set", "stages.1.max_steps=60")
    evaluation = requests.evaluate("imdb-classifier", dataset="imdb", limit=500)
    for _ in follow(find(evaluation)):
        pass
    return str(trained["id"]), evaluation


def wait_until_drawn(page: Page) -> None:
    """Until the script has ended, nothing spins and charts had time to appear."""
    page.locator(SETTLED).wait_for(timeout=PATIENCE)
    page.wait_for_timeout(500)
    expect(page.locator(BUSY)).to_have_count(0, timeout=PATIENCE)
    page.locator(SETTLED).wait_for(timeout=PATIENCE)
    page.wait_for_timeout(1500)


def take(browser: Browser, server: Server, view: View, size: str, scheme: str) -> Path:
    """Take one picture and return its path."""
    width, height = SIZES[size]
    profile = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    page = profile.new_page()
    page.goto(server.url + view.path)
    wait_until_drawn(page)
    tall = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": width, "height": min(TALLEST, max(height, int(tall)))})
    wait_until_drawn(page)
    path = TARGET / f"{view.name}-{size}-{scheme}.png"
    page.screenshot(path=path)
    profile.close()
    Image.open(path).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
    return path


def main() -> None:
    """All pictures, or those of the views named as arguments."""
    TARGET.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        home = Path(folder) / "home"
        os.environ["ULMFIT_HOME"] = str(home)  # before the settings are read
        chosen = [view for view in views(*runs_for(home)) if view.name in sys.argv[1:] or not sys.argv[1:]]
        with serve(home, Path(folder) / "log.txt") as server:
            for view in chosen:
                for size in SIZES:
                    for scheme in ("light", "dark"):
                        print(take(browser, server, view, size, scheme).relative_to(CHECKOUT))  # noqa: T201


if __name__ == "__main__":
    main()

"""The Dockerfile without Docker: what .dockerignore lets in is enough, and the image's entry command serves from it.

The command runs with the image's variables, as user 1000 where the tests may do that, in a folder that is not its own.
Left to whoever has Docker: the base image and the installation.
"""

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from fnmatch import fnmatch
from importlib.metadata import distribution
from pathlib import Path

import pytest
import yaml
from huggingface_hub import SpaceCardData

from tools import image_size
from ulmfit_app.settings import CHECKOUT, VISITOR_COOKIE

DOCKERFILE = (CHECKOUT / "Dockerfile").read_text().replace("\\\n", " ")
IGNORED = [line for line in (CHECKOUT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
USER = 1000
START_SECONDS = 180


def instructions(name: str) -> list[str]:
    """What follows every instruction called `name`."""
    return re.findall(rf"^{name}\s+(.*)$", DOCKERFILE, re.MULTILINE)


def variables() -> dict[str, str]:
    """Those that the image sets."""
    return dict(word.split("=", 1) for line in instructions("ENV") for word in shlex.split(line))


def can_be_another() -> bool:
    """Whether this Python runs as another user too."""
    try:
        return subprocess.run([sys.executable, "-c", ""], user=USER, env={}).returncode == 0
    except PermissionError:
        return False


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Message
    body: str


@dataclass(frozen=True)
class Image:
    """The running entry command: its address, its home folder."""

    url: str
    home: Path

    def get(self, path: str, **headers: str) -> Answer:
        """The answer at `path`."""
        asked = {name.replace("_", "-"): value for name, value in headers.items()}
        with urllib.request.urlopen(urllib.request.Request(self.url + path, headers=asked), timeout=10) as got:
            return Answer(got.status, got.headers, got.read().decode())


@pytest.fixture(scope="module")
def context() -> Iterator[Path]:
    """The files that `COPY . .` takes, as .dockerignore says, in a folder that everybody may read."""
    shown = {line[1:] for line in IGNORED if line.startswith("!")}
    hidden = [line.removeprefix("**/") for line in IGNORED if line[0] not in "!*" or line.startswith("**/")]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        for name in shown:
            source, target = CHECKOUT / name, Path(folder, "app", name)
            if source.is_dir():
                shutil.copytree(source, target, ignore=lambda at, names: {n for n in names if is_hidden(at, n, hidden)})
            else:
                target.parent.mkdir(exist_ok=True)
                shutil.copy(source, target)
        yield Path(folder, "app")


def is_hidden(folder: str, name: str, patterns: list[str]) -> bool:
    """Whether .dockerignore hides that file again."""
    path = Path(folder, name).relative_to(CHECKOUT).as_posix()
    return any(fnmatch(path, pattern) or fnmatch(name, pattern) for pattern in patterns)


@pytest.fixture(scope="module")
def image(context: Path) -> Iterator[Image]:
    """The entry command, up; ended at the end."""
    other = {"user": USER, "group": USER, "extra_groups": []} if can_be_another() else {}
    home = context.parent / "home"
    home.mkdir()
    if other:
        os.chown(home, USER, USER)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = variables() | {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(home), "OMP_NUM_THREADS": "1",
        "ULMFIT_HOME": str(home / "ulmfit"), "STREAMLIT_SERVER_PORT": str(port),
        "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip
    command = json.loads(instructions("CMD")[-1])
    with (context.parent / "log.txt").open("wb") as log:
        process = subprocess.Popen(command, cwd=context, env=environment, stdout=log, stderr=log, **other)  # type: ignore[call-overload]
    running = Image(f"http://localhost:{port}", home)
    try:
        deadline = time.monotonic() + START_SECONDS
        while process.poll() is None and time.monotonic() < deadline and not is_up(running):
            time.sleep(0.2)
        assert process.poll() is None, (context.parent / "log.txt").read_text()
        yield running
    finally:
        process.terminate()
        process.wait(30)


def is_up(image: Image) -> bool:
    """Whether the route of the health check answers."""
    try:
        return image.get("/healthz").status == 200
    except OSError:
        return False


def test_the_server_is_healthy_and_shows_its_front_page(image: Image) -> None:
    assert json.loads(image.get("/healthz").body) == {"status": "ok"}
    assert "<title>Streamlit" in image.get("/").body
    assert image.get("/", Host="somebody-ulmfit.hf.space").status == 200


def test_the_shipped_models_are_inside(image: Image) -> None:
    found = {model["name"] for model in json.loads(image.get("/api/models").body)["models"]}
    assert {path.name for path in (CHECKOUT / "models").iterdir()} == found


def test_the_space_may_frame_it_and_its_cookies_go_along(image: Image) -> None:
    page = image.get("/", X_Forwarded_Proto="https")
    assert "frame-ancestors 'self' https://huggingface.co" in page.headers["Content-Security-Policy"]
    for answer, name in ((page, VISITOR_COOKIE), (image.get("/_stcore/health"), "_streamlit_xsrf")):
        cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith(f"{name}=")
        assert {"SameSite=None", "Secure", "Partitioned"} <= set(cookie.split("; "))


def test_it_writes_to_its_home_only(image: Image, context: Path) -> None:
    assert image.get("/healthz").status == 200 and (image.home / "ulmfit").is_dir()
    assert not [path for path in context.rglob("*") if path.stat().st_uid == USER and can_be_another()]


def test_the_health_check_asks_for_the_route_that_answers() -> None:
    (check,) = instructions("HEALTHCHECK")
    assert f"http://localhost:{variables()['STREAMLIT_SERVER_PORT']}/healthz" in check


def test_nothing_else_and_no_secret_goes_into_the_image(context: Path) -> None:
    assert IGNORED[0] == "*"
    names = {path.relative_to(context).parts[0] for path in context.rglob("*")}
    assert names == {line[1:] for line in IGNORED if line.startswith("!")}
    assert not list(context.rglob("secrets.toml")) and not list(context.rglob("__pycache__"))


def test_the_size_that_the_guide_tells_is_the_estimate() -> None:
    told = re.search(r"about ([\d.]+) GB", (CHECKOUT / "docs" / "hosting.md").read_text())
    assert told
    if distribution("torch").version.endswith("+cpu"):
        assert 1000 * float(told[1]) == pytest.approx(image_size.total_mb(), rel=0.05)


def test_the_image_is_as_a_space_wants_it() -> None:
    front = (CHECKOUT / "docs" / "space" / "README.md").read_text().split("---\n")[1]
    card = SpaceCardData(**yaml.safe_load(front))
    assert (card.sdk, str(card.app_port), card.license) == ("docker", *instructions("EXPOSE"), "apache-2.0")
    assert card.to_dict()["hf_oauth"] is True and len(card.to_dict()["short_description"]) <= 60
    assert instructions("USER") == [str(USER)] and f"--uid {USER} " in DOCKERFILE
    assert variables()["STREAMLIT_SERVER_PORT"] == str(card.app_port)
    assert variables()["ULMFIT_MODE"] == "hosted"

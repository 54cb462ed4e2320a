"""How large the Docker image will be, estimated from what is installed here: `python -m tools.image_size`.

Counted are the files of every package in requirements.txt as they lie in this environment, and the files that
.dockerignore lets in. Not counted: the base image, and what differs between this platform and the image's.
"""

import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
MB = 1_000_000


def packages() -> dict[str, int]:
    """The bytes of every installed package of requirements.txt, by its name."""
    names = re.findall(r"^([\w.-]+)==", (CHECKOUT / "requirements.txt").read_text(), re.MULTILINE)
    return {name: _size(name) for name in names}


def _size(name: str) -> int:
    try:
        files = distribution(name).files or []
    except PackageNotFoundError:  # of another platform
        return 0
    paths = [Path(str(file.locate())) for file in files]
    return sum(path.stat().st_size for path in paths if path.is_file())


def checkout() -> int:
    """The bytes of what `COPY . .` takes."""
    shown = [line[1:] for line in (CHECKOUT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    files = [path for name in shown for path in [CHECKOUT / name, *(CHECKOUT / name).rglob("*")] if path.is_file()]
    return sum(path.stat().st_size for path in files if "__pycache__" not in path.parts)


def total_mb() -> int:
    """Packages and checkout together, in MB."""
    return round((sum(packages().values()) + checkout()) / MB)


def main() -> None:
    """Print the estimate and its largest parts."""
    found = packages()
    for name in sorted(found, key=lambda name: -found[name])[:8]:
        print(f"{name:20}{found[name] / MB:7.0f} MB")  # noqa: T201
    print(f"{'the checkout':20}{checkout() / MB:7.0f} MB")  # noqa: T201
    print(f"{'all':20}{total_mb():7} MB, torch {distribution('torch').version}, without the base image")  # noqa: T201


if __name__ == "__main__":
    main()

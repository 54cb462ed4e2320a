"""Write requirements.txt and requirements-test.txt: the exact versions installed in this environment.

The lock is what `make run` installs, on Linux and macOS, Python 3.11 to 3.14. It names no index, no hash and no local
version (`+cpu`): which build of torch fits a machine is the index's business, and so are the CUDA libraries, which
torch's own metadata pins. It installs nothing: to move a version, install it in `.venv`, then run `make lock`.
"""

import tomllib
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
MACHINES = {
    "linux": [("Linux", "x86_64"), ("Linux", "aarch64")],
    "darwin": [("Darwin", "arm64")],
}
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
CUDA = ("nvidia-", "cuda-", "triton")  # needed by one build of torch, which pins them, and by no other


def environments(platform: str) -> list[dict[str, str]]:
    """The marker environments of `platform` (a key of `MACHINES`) in which the lock must hold."""
    return [
        {
            "sys_platform": platform,
            "platform_system": system,
            "platform_machine": machine,
            "python_version": python,
            "python_full_version": f"{python}.0",
            "platform_python_implementation": "CPython",
            "implementation_name": "cpython",
            "os_name": "posix",
        }
        for system, machine in MACHINES[platform]
        for python in PYTHONS
    ]


def direct(extra: str | None) -> list[Requirement]:
    """What pyproject.toml asks for, with `extra`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = project["dependencies"] + (project["optional-dependencies"][extra] if extra else [])
    return [Requirement(line) for line in lines]


def required(requirement: Requirement) -> list[Requirement]:
    """What `requirement`'s distribution, as installed here, needs with the extras that `requirement` names."""
    if requirement.name == "ulmfit-studio":
        return [found for extra in (None, *requirement.extras) for found in direct(extra)]
    return [Requirement(line) for line in distribution(requirement.name).requires or []]


def applies(requirement: Requirement, extras: Iterable[str], platform: str) -> bool:
    """True if `requirement`, reached with `extras`, holds in any environment of `platform`."""
    marker = requirement.marker
    return marker is None or any(
        marker.evaluate({**environment, "extra": extra})
        for environment in environments(platform)
        for extra in (*extras, "")
    )


def closure(root: str, platform: str) -> set[str]:
    """Normalised names of every distribution that the requirement `root` needs on `platform`."""
    waiting, seen, names = [Requirement(root)], set(), set()
    while waiting:
        requirement = waiting.pop()
        key = (canonicalize_name(requirement.name), frozenset(requirement.extras))
        if key in seen:
            continue
        seen.add(key)
        names.add(key[0])
        waiting += [
            needed
            for needed in required(requirement)
            if applies(needed, requirement.extras, platform) and not needed.name.startswith(CUDA)
        ]
    return names - {"ulmfit-studio"}


def lock(root: str, without: Iterable[str] = ()) -> list[str]:
    """The sorted lines `name==version` for the requirement `root`, less the names in `without`."""
    by_platform = {platform: closure(root, platform) for platform in MACHINES}
    lines = []
    for name in sorted(set().union(*by_platform.values()) - set(without)):
        where = [platform for platform, names in by_platform.items() if name in names]
        try:
            version = Version(distribution(name).version).public
        except PackageNotFoundError:
            raise SystemExit(f"{name} is needed on {', '.join(where)} and is not installed here.") from None
        marker = "" if len(where) == len(by_platform) else f' ; sys_platform == "{where[0]}"'
        lines.append(f"{name}=={version}{marker}")
    return lines


APP_HEADER = "# Everything the app needs, exactly. Written by `make lock`; see tools/lock.py.\n"
TEST_HEADER = "# What the tests need besides. Written by `make lock`; see tools/lock.py.\n-r requirements.txt\n"


def files() -> dict[Path, str]:
    """The two lock files and what they should contain."""
    app = lock("ulmfit-studio[app]")
    names = {line.split("==")[0] for line in app}
    test = lock("ulmfit-studio[test]", without=names)
    return {
        ROOT / "requirements.txt": APP_HEADER + "\n".join(app) + "\n",
        ROOT / "requirements-test.txt": TEST_HEADER + "\n".join(test) + "\n",
    }


if __name__ == "__main__":
    for path, content in files().items():
        path.write_text(content)

"""What this machine and this installation are: for the curious, and to copy into a bug report."""

import os
import platform
import shutil
from importlib.metadata import PackageNotFoundError, version

import streamlit as st

from ulmfit_app import __version__, access, hardware
from ulmfit_app.data.token_workers import usable_cores
from ulmfit_app.settings import settings
from ulmfit_app.ui.cache import held
from ulmfit_app.ui.models import size_words

PACKAGES = ("torch", "fastai", "spacy", "streamlit", "safetensors", "pydantic", "numpy", "pandas")


def draw_about() -> None:
    """Draw an expander that gathers the facts when it is opened: some need torch."""
    about = st.expander("About this installation", key="about", icon=":material/info:", on_change="rerun")
    if about.open:
        with about:
            st.code(
                "\n".join(f"{name + ':':16}{value}" for name, value in _facts().items()), language=None, wrap_lines=True
            )
            st.caption("To copy it into a bug report, use the button at the top right of the block.")


def _facts() -> dict[str, str]:
    facts = _fixed() | _present()
    if access.current() != access.LOCAL:  # no path, and no name of what others use
        del facts["home"], facts["loaded"]
    return facts


@st.cache_data(show_spinner="Asking torch about this machine")
def _fixed() -> dict[str, str]:
    """What does not change while the server runs. Imports torch."""
    devices = [f"{name} ({', '.join(hardware.precisions(name))})" for name in hardware.devices()]
    packages = [f"{name} {found}" for name in PACKAGES if (found := _version(name))]
    return {
        "ULMFiT Studio": __version__,
        "Python": f"{platform.python_version()} on {platform.system()} {platform.release()}, {platform.machine()}",
        "packages": ", ".join(packages),
        "devices": f"{'; '.join(devices)}; the first of each is what auto takes",
    }


def _present() -> dict[str, str]:
    import psutil

    memory, home = psutil.virtual_memory(), settings().home_path
    disk = shutil.disk_usage(next(path for path in (home, *home.parents) if path.is_dir()))
    mine = psutil.Process().memory_info().rss
    loaded = ", ".join(f"{model.name} {size_words(model.bytes)}" for model in held())
    return {
        "threads": f"training {_training_threads()}, of {os.cpu_count()} cores",
        "memory": f"{size_words(memory.available)} free of {size_words(memory.total)}; the app {size_words(mine)}",
        "home": str(home),
        "disk": f"{size_words(disk.free)} free of {size_words(disk.total)}",
        "loaded": loaded or "no model",
    }


def _training_threads() -> int:
    """As the worker decides while a server runs."""
    return settings().threads or max(1, usable_cores() - 1)


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None

"""The settings: one object, read once from environment variables `ULMFIT_*`.

The only reader of the environment in the package. README.md lists every field; a test compares the two.
"""

import os
import re
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from ulmfit_app.errors import AppError

VISITOR_COOKIE = "ulmfit_visitor"
CHECKOUT = Path(__file__).resolve().parent.parent
THIS_MACHINE = ("localhost", "127.0.0.1", "[::1]")
HOST = re.compile(r"\*|(\*\.)?[\w.-]+|\[[\da-f:]+\]", re.ASCII | re.IGNORECASE)
SITE = re.compile(r"\*|https?://(\*\.)?[\w.-]+(:\d+)?", re.ASCII | re.IGNORECASE)
HOSTED = {
    "max_file_mb": 20,
    "max_unpacked_mb": 200,
    "max_zip_files": 20_000,
    "max_texts": 50_000,
    "max_labels": 100,
    "max_words": 200,
}


class Settings(BaseSettings):
    """What can be set from outside, with its default."""

    model_config = SettingsConfigDict(env_prefix="ULMFIT_", env_ignore_empty=True, frozen=True)

    home: Path = Field(default=Path("~/.ulmfit"), description="Folder for runs, models, datasets and the cache.")
    mode: Literal["local", "hosted"] = Field(
        default="local", description="`hosted`: for visitors; the Hub token of the server is never read."
    )
    threads: int | None = Field(
        default=None, ge=1, le=256, description="Threads for training; default: all cores, less one while the app runs."
    )
    max_file_mb: int = Field(default=500, ge=1, description="Largest data file that is read, in MB. Hosted: 20.")
    max_unpacked_mb: int = Field(
        default=2000, ge=1, description="Most that a zip or Parquet file unpacks to, in MB. Hosted: 200."
    )
    max_zip_files: int = Field(default=200_000, ge=1, description="Most files in a zip that is read. Hosted: 20000.")
    max_texts: int | None = Field(
        default=None, ge=1, description="Most texts of a dataset or file; default: any number. Hosted: 50000."
    )
    max_labels: int | None = Field(
        default=None, ge=1, description="Most labels of a dataset that is added; default: any number. Hosted: 100."
    )
    max_text_chars: int = Field(default=200_000, ge=100, description="Longest text that is kept, in characters.")
    cache_mb: int = Field(default=600, ge=1, description="Memory for the weights of loaded models in the app, in MB.")
    max_prompt_chars: int = Field(default=2000, ge=100, description="Longest prompt, in characters.")
    max_words: int = Field(default=500, ge=30, description="Most words that one text is generated with. Hosted: 200.")
    max_samples: int = Field(default=5, ge=1, le=100, description="Most texts that are generated at once.")
    api_key: SecretStr | None = Field(default=None, description="Key that requests to the API must carry.")
    secret: SecretStr | None = Field(
        default=None, description="What a hosted server signs with; default: a random one kept in the home."
    )
    visitor_mb: int = Field(default=500, ge=1, description="Hosted: most that one visitor keeps, in MB.")
    visitor_runs: int = Field(default=2, ge=0, description="Hosted: most runs of one visitor that have not ended.")
    visitor_training_minutes: int = Field(
        default=15, ge=0, description="Hosted: longest training of a visitor, in minutes; 0: visitors train nothing."
    )
    visitor_training_texts: int = Field(
        default=5000, ge=4, description="Hosted: most training texts that a visitor's training reads."
    )
    visitor_size: Literal["tiny", "compact", "full"] = Field(
        default="compact", description="Hosted: size of the largest model that a visitor trains."
    )
    visitor_short_minutes: int = Field(
        default=10, ge=1, description="Hosted: longest evaluation or bulk prediction of a visitor, in minutes."
    )
    visitor_per_minute: int = Field(
        default=60, ge=1, description="Hosted: predictions and generations a minute of one visitor on the pages."
    )
    visitor_uploads_mb: int = Field(
        default=400, ge=1, description="Hosted: memory for uploads of all tabs, in MB; one tab has a quarter of it."
    )
    visitor_queue: int = Field(default=50, ge=1, description="Hosted: most runs of all visitors that wait.")
    visitor_kept_runs: int = Field(
        default=200, ge=1, description="Hosted: most runs of one visitor that are kept, ended and deleted ones too."
    )
    visitor_tabs: int = Field(default=100, ge=1, description="Hosted: most open tabs of all visitors.")
    free_mb: int = Field(
        default=1000, ge=0, description="Hosted: visitors add nothing while the disk has less than this free, in MB."
    )
    api_per_minute: int = Field(default=600, ge=1, description="Requests to the API a minute from one address.")
    api_max_texts: int = Field(default=1000, ge=1, description="Most texts in one request to the API.")
    api_max_body_kb: int = Field(default=1000, ge=1, description="Largest request to the API, in KB.")
    api_timeout_s: float = Field(default=60, gt=0, description="Longest time for one request to the API, in seconds.")
    api_workers: int = Field(default=2, ge=1, le=64, description="Threads that compute for the API.")
    hosts: str | None = Field(
        default=None,
        description="Names that the server answers to besides `localhost`, between spaces; `*`: all. Hosted: all.",
    )
    frame_ancestors: str | None = Field(
        default=None, description="Other sites that may show the app in a frame, `https://name`, between spaces."
    )

    @model_validator(mode="before")
    @classmethod
    def _tighter_when_hosted(cls, given: dict[str, Any]) -> dict[str, Any]:
        """What is not given is smaller where strangers come."""
        return {**HOSTED, **given} if given.get("mode") == "hosted" else given

    @field_validator("home")
    @classmethod
    def _can_be_resolved(cls, home: Path) -> Path:
        try:
            home.expanduser()
        except RuntimeError:
            raise ValueError("there is no such user") from None
        return home

    @field_validator("hosts")
    @classmethod
    def _are_hosts(cls, hosts: str | None) -> str | None:
        return _each(HOST, hosts, "is no name of a host; write example.org, *.example.org or *")

    @field_validator("frame_ancestors")
    @classmethod
    def _are_sites(cls, sites: str | None) -> str | None:
        return _each(SITE, sites, "is no site; write https://example.org, https://*.example.org or *")

    @property
    def home_path(self) -> Path:
        """`home` with `~` resolved, absolute. Not created by reading it."""
        return self.home.expanduser().resolve()

    @property
    def shipped_models(self) -> Path:
        """The read-only models of the checkout; does not exist where the package was installed without one."""
        return CHECKOUT / "models"

    @property
    def known_hosts(self) -> tuple[str, ...]:
        """The names that the server answers to; `*` stands for all."""
        if self.hosts is None and self.mode == "hosted":
            return ("*",)
        return (*THIS_MACHINE, *(self.hosts or "").split())

    @property
    def in_checkout(self) -> bool:
        """True where the app's own scripts lie beside the package."""
        return (CHECKOUT / "app.py").is_file()


def _each(pattern: re.Pattern[str], words: str | None, otherwise: str) -> str | None:
    """`words` if every one of them fits; they end up in headers."""
    for word in (words or "").split():
        if not pattern.fullmatch(word):
            raise ValueError(f"{word!r} {otherwise}")
    return words


@cache
def settings() -> Settings:
    """The settings of this process. Raises `AppError` naming every variable that is wrong.

    Tests call `settings.cache_clear()` after changing the environment.
    """
    try:
        return Settings()
    except ValidationError as error:
        wrong = [f"ULMFIT_{str(e['loc'][0]).upper()} is {e['input']!r}: {e['msg']}." for e in error.errors()]
        raise AppError(" ".join(wrong), todo="Correct these environment variables, or unset them.") from None


def hub_site() -> str:
    """The address of the Hub: HF_ENDPOINT, as its client reads it, or huggingface.co."""
    return os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")


class SpaceOAuth(NamedTuple):
    """What the Hub gives a Space with `hf_oauth: true`."""

    client: str
    secret: str
    provider: str
    host: str
    scopes: str


def space_oauth() -> SpaceOAuth | None:
    """What this Space was given to sign visitors in; None elsewhere."""
    names = ("OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET", "OPENID_PROVIDER_URL", "SPACE_HOST", "OAUTH_SCOPES")
    given = [os.environ.get(name, "") for name in names]
    return SpaceOAuth(*given) if all(given) else None


def environment_with(**additions: str) -> dict[str, str]:
    """The environment for a process that this one starts; what the user has set goes before `additions`."""
    return {**additions, **os.environ}

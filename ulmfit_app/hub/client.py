"""huggingface_hub, told to wait no longer than a person does. Imported by the other modules inside functions.

The client (2.4) waits for ever by default, and answers 429 and 5xx by sleeping and asking again, up to half an hour if
the Hub says so. Inside `calling`, and only there, requests have a time limit and such answers are errors at once.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx2
from huggingface_hub import HfApi, constants, get_session, get_token, hf_raise_for_status, set_client_factory
from huggingface_hub.utils._headers import build_hf_headers
from huggingface_hub.utils._http import default_client_factory

from ulmfit_app import __version__
from ulmfit_app.errors import AppError
from ulmfit_app.hub.account import ANONYMOUS, Account
from ulmfit_app.hub.failures import CAUGHT, failure
from ulmfit_app.settings import settings

__all__ = ["CUT", "LIBRARY", "api", "calling", "get_session", "get_token", "headers", "hf_raise_for_status", "site"]

TIMEOUT = 15.0  # seconds without a byte of what is read
WRITE_TIMEOUT = 120.0  # of what changes something: a commit is answered when it is made
LIBRARY = "ulmfit-studio"
CUT = (httpx2.NetworkError, httpx2.RemoteProtocolError, httpx2.ReadTimeout)  # what may go well at the next try

_ours: ContextVar[bool] = ContextVar("ours", default=False)


def site() -> str:
    """The address of the Hub: HF_ENDPOINT, or huggingface.co."""
    return str(constants.ENDPOINT)


def api(account: Account) -> HfApi:
    """The client, sending the token of `account` or none."""
    return HfApi(endpoint=site(), token=account.sent, library_name=LIBRARY, library_version=__version__)


def headers(account: Account) -> dict[str, str]:
    """The headers of a request that is not made by `api`."""
    made: dict[str, str] = build_hf_headers(token=account.sent, library_name=LIBRARY, library_version=__version__)
    return made


@contextmanager
def calling(repo_id: str = "", account: Account = ANONYMOUS, kept: str = "") -> Iterator[None]:
    """What fails in the block becomes an `AppError` that names `repo_id` and says what was `kept`."""
    before = _ours.set(True)
    try:
        yield
    except AppError:
        raise
    except CAUGHT as error:
        raise failure(error, repo_id, account, site(), kept) from None
    finally:
        _ours.reset(before)


def _limit(request: httpx2.Request) -> None:
    if _ours.get():
        seconds = TIMEOUT if request.method in ("GET", "HEAD") else WRITE_TIMEOUT
        request.extensions["timeout"] = httpx2.Timeout(seconds).as_dict()


def _refuse_to_wait(response: httpx2.Response) -> None:
    if _ours.get() and (response.status_code == 429 or response.status_code >= 500):
        hf_raise_for_status(response)


def _session() -> httpx2.Client:
    client = default_client_factory()
    client.cookies = CookieJar(DefaultCookiePolicy(allowed_domains=()))  # one client serves all: no cookie is kept
    hooks = client.event_hooks
    client.event_hooks = {
        "request": [*hooks["request"], _limit],
        "response": [*hooks["response"], _refuse_to_wait],
    }
    return client


set_client_factory(_session)
# It warns that files which are read piece by piece, so that one sees and can end it, do not go the way of Xet.
logging.getLogger("huggingface_hub._commit_api").addFilter(lambda _: not _ours.get())
constants.HF_HUB_DISABLE_TELEMETRY = True  # it would ask the Hub about other programs at its first request
if settings().mode == "hosted":
    # What is passed as None anywhere inside the client must not become the server's token.
    constants.HF_HUB_DISABLE_IMPLICIT_TOKEN = True

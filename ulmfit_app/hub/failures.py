"""What went wrong on the Hub or on the way there, in plain words. No token and no address with one gets into them."""

import errno

import httpx2
from huggingface_hub.errors import (
    DisabledRepoError,
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    OIDCError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils._http import parse_ratelimit_headers

from ulmfit_app.errors import AppError, HubError, NotFoundError, OfflineError
from ulmfit_app.hub.account import Account

# What the client raises: its own, those of the HTTP library, of the disk, of an answer that is not as documented; a
# RuntimeError stands around what went wrong in an upload.
CAUGHT = (
    *(httpx2.HTTPError, httpx2.InvalidURL, OIDCError, OSError, RuntimeError),
    *(ValueError, LookupError, TypeError, AttributeError),
)
MOST = 200  # characters of what the Hub says


def failure(error: Exception, repo_id: str, account: Account, site: str, kept: str) -> AppError:
    """The `AppError` for `error`, raised while `account` asked for something about `repo_id` ("": the Hub itself)."""
    for cause in _causes(error):
        if isinstance(cause, AppError):
            return cause
        if isinstance(cause, HfHubHTTPError):
            return _refusal(cause, repo_id or "the Hub", account, site, kept)
        if isinstance(cause, httpx2.TransportError | OfflineModeIsEnabled):
            why = "HF_HUB_OFFLINE is set" if isinstance(cause, OfflineModeIsEnabled) else _way(cause)
            return OfflineError(f"The Hub cannot be reached ({why}).", kept=kept, todo="Check the network, try again.")
    if isinstance(error, HFValidationError):
        return HubError(f"“{repo_id}” cannot be the name of a repository.", todo="Write it as owner/name.")
    if isinstance(error, OSError):
        if error.errno == errno.ENOSPC:
            return HubError("The disk is full.", kept=kept, todo="Free some space, then try again.")
        return HubError(f"A file could not be read or written ({error.strerror or type(error).__name__}).", kept=kept)
    what = f"The Hub gave an answer that cannot be understood ({type(error).__name__})."
    return HubError(what, kept=kept, todo=f"Check that {site} is a Hub, and that no proxy stands in between.")


def _refusal(error: HfHubHTTPError, name: str, account: Account, site: str, kept: str) -> AppError:
    """The answer of a Hub that was reached."""
    status = error.response.status_code
    who = f"the account {account.name}" if account.name else "someone who is not signed in"
    if isinstance(error, GatedRepoError):
        todo = f"Ask for access at {site}/{name}" + (", then try again." if account.token else ", and sign in.")
        return HubError(f"{name} is gated: its owner decides who may read it, and {who} may not.", kept=kept, todo=todo)
    if isinstance(error, RevisionNotFoundError):
        return NotFoundError(f"{name} has no such branch, tag or commit.", kept=kept, todo="Look at its revisions.")
    if isinstance(error, EntryNotFoundError):
        return NotFoundError(f"{name} lacks a file that it lists.", kept=kept, todo="Try again later.")
    if isinstance(error, DisabledRepoError):
        return HubError(f"{name} was disabled.", kept=kept)
    if isinstance(error, RepositoryNotFoundError) or status == 404:
        todo = "Check the name." if account.token else "Check the name, or sign in to see private repositories."
        return NotFoundError(f"There is no {name} on the Hub, or it is hidden from {who}.", kept=kept, todo=todo)
    what, todo = _REFUSALS.get(status, _BUSY if status >= 500 else _OTHER)
    if status == 429:
        todo = _when(error)
    said = _said(error, account)
    return HubError(what.format(name=name, who=who, status=status) + said, kept=kept, todo=todo)


_REFUSALS = {
    400: ("The Hub refused what was asked of {name}.", ""),
    401: ("The Hub does not accept this token.", "Sign in again with a token that has not expired."),
    402: (
        "The Hub wants to be paid for this first.",
        "See the billing page of the account, or make the repository public.",
    ),
    403: ("The Hub does not let {who} do this with {name}.", "Use a token that may write there."),
    409: ("{name} is there already, or is being changed at this moment.", "Choose another name, or try again."),
    412: ("{name} was changed by someone else meanwhile.", "Look at the change, then push again."),
    413: ("The Hub refused it as too large.", ""),
    429: ("The Hub wants fewer requests from here.", ""),
}
_BUSY = ("The Hub has trouble of its own (error {status}).", "Try again later.")
_OTHER = ("The Hub refused this (error {status}).", "")


def _when(error: HfHubHTTPError) -> str:
    """When to try again after too many requests."""
    limit, after = parse_ratelimit_headers(error.response.headers), error.response.headers.get("Retry-After", "")
    seconds = limit.reset_in_seconds if limit else int(after) if after.isdecimal() and len(after) < 6 else None
    return "Try again later." if seconds is None else f"Try again in {seconds:,} seconds."


def _said(error: HfHubHTTPError, account: Account) -> str:
    """What the Hub itself says of it, on one line, without the token."""
    text = " ".join((error.server_message or "").split())
    text = text.replace(account.token, "…") if account.token else text
    return f" It says: “{text[:MOST]}”." if text else ""


def _way(error: Exception) -> str:
    """What happened on the way, in words."""
    if isinstance(error, httpx2.ConnectError):
        return "no connection"
    if isinstance(error, httpx2.TimeoutException):
        return "no answer in time"
    return "the connection was cut"


def _causes(error: BaseException | None) -> list[BaseException]:
    """`error` and what it was raised from."""
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found

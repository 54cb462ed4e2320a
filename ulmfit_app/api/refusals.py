"""What a client is told when there is no answer: a status and an `ApiError`. No traceback and no path of the server."""

import logging
import secrets
from collections.abc import Mapping

from starlette.exceptions import HTTPException

from ulmfit_app.errors import AppError, ModelFolderError, NameTakenError, NotFoundError
from ulmfit_app.redaction import for_visitors, without_paths
from ulmfit_app.schema import ApiError
from ulmfit_app.settings import settings

ADDRESSES = {
    404: ("no_such_address", "There is nothing at this address; GET /api/openapi.json lists what there is."),
    405: ("method_not_allowed", "This address does not take that method; GET /api/openapi.json lists what there is."),
}
KINDS: tuple[tuple[type[AppError], int, str], ...] = (
    (NotFoundError, 404, "not_found"),
    (NameTakenError, 409, "ambiguous_name"),
    (ModelFolderError, 422, "unusable_model"),
    (AppError, 422, "refused"),
)

log = logging.getLogger(__name__)


class RefusedError(Exception):
    """A request that is not answered: HTTP `status`, what the client is told, further `headers`."""

    def __init__(self, status: int, error: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.body, self.headers = status, ApiError(error=error, message=message), dict(headers or {})


def refusal(error: Exception) -> RefusedError:
    """`error` as the client is told. What nobody expected is logged under an id, which is all that is told of it."""
    if isinstance(error, RefusedError):
        return error
    if isinstance(error, HTTPException) and error.status_code in ADDRESSES:
        return RefusedError(error.status_code, *ADDRESSES[error.status_code], error.headers)
    if isinstance(error, TimeoutError):
        return RefusedError(504, "timeout", "This took longer than the server allows. Send less at once.")
    for kind, status, name in KINDS:
        if isinstance(error, kind):
            words = without_paths if settings().mode == "local" else for_visitors
            return RefusedError(status, name, words(str(error)))
    number = secrets.token_hex(4)
    log.error("API error %s", number, exc_info=error)
    return RefusedError(500, "internal_error", f"The server made a mistake. Its log says more under {number}.")

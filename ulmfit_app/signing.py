"""What the server signs: the cookie that tells a visitor again, and links that open one thing. Knows no requests.

Signed with SHA-256 and the server's secret: `ULMFIT_SECRET`, else a random one that the home keeps, readable by its
owner only. Without it nothing that is read here can be made.
"""

import os
import re
import secrets
from hashlib import sha256

from itsdangerous import BadData, URLSafeSerializer

from ulmfit_app.errors import AppError, NotFoundError
from ulmfit_app.settings import settings

ANONYMOUS = re.compile(r"anon:[0-9a-f]{32}")
LONGEST = 500  # characters of what is read at all
SHORTEST = 32  # characters of a secret that is given
SECRET_FILE = ".secret"


def new_visitor() -> str:
    """An owner that nobody was before: `anon:` and 128 random bits."""
    return f"anon:{secrets.token_hex(16)}"


def cookie_of(visitor: str) -> str:
    """What the cookie of the anonymous `visitor` holds."""
    return _signer("visitor").dumps(visitor)


def visitor_of(cookie: str | None) -> str | None:
    """Whose cookie it is; None for one that this server did not make."""
    found = _read("visitor", cookie)
    return found if isinstance(found, str) and ANONYMOUS.fullmatch(found) else None


def share_run(run_id: str) -> str:
    """A token that lets whoever has it read the run `run_id`, an id that no other run gets, and nothing else."""
    return _signer("run").dumps(run_id)


def refuse_unshared(run_id: str, token: str) -> None:
    """Raise `NotFoundError` unless `token` opens the run `run_id`."""
    if _read("run", token) != run_id:
        raise NotFoundError("This link opens nothing.", todo="Ask whoever sent it for another.")


def share_model(place: str, name: str, weights: str) -> str:
    """A token that lets whoever has it read the model `name` of the owner whose folder is called `place`.

    Only as long as it has the weights of the hash `weights`: a later one of the same name is not shared by that.
    """
    return _signer("model").dumps([place, name, weights])


def shared_model(token: str) -> tuple[str, str, str]:
    """The folder, the name and the weights of the model that `token` opens. Raises `NotFoundError`."""
    match _read("model", token):
        case [str(place), str(name), str(weights)]:
            return place, name, weights
    raise NotFoundError("This link opens nothing.", todo="Ask whoever sent it for another.")


def _read(purpose: str, text: str | None) -> object:
    if not text or len(text) > LONGEST:
        return None
    try:
        found: object = _signer(purpose).loads(text)
    except BadData:
        return None
    return found


def _signer(purpose: str) -> URLSafeSerializer:
    """Its signatures hold for one `purpose` only."""
    return URLSafeSerializer(_secret(), salt=f"ulmfit-{purpose}", signer_kwargs={"digest_method": sha256})


def _secret() -> str:
    given = settings().secret
    if given is not None:
        if len(given.get_secret_value()) < SHORTEST:
            raise AppError("ULMFIT_SECRET can be guessed.", todo=f"Use at least {SHORTEST} random characters.")
        return given.get_secret_value()
    file = settings().home_path / SECRET_FILE
    try:
        if not file.exists():
            _keep_new(secrets.token_hex(32))
        return file.read_text(encoding="ascii")
    except OSError as error:
        raise AppError(
            f"The server's secret cannot be read or written ({error.strerror}).",
            todo="Check who may write in the home folder, or set ULMFIT_SECRET.",
        ) from error


def _keep_new(secret: str) -> None:
    """Keep `secret` unless another process was faster; the file is whole from the moment it has its name."""
    home = settings().home_path
    home.mkdir(parents=True, exist_ok=True)
    beside = home / f"{SECRET_FILE}.{secrets.token_hex(8)}"
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(secret)
    try:
        os.link(beside, home / SECRET_FILE)
    except FileExistsError:
        pass
    finally:
        beside.unlink()

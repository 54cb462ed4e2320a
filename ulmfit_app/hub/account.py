"""Who asks: a name on the Hub and the token that proves it. Tokens live in memory and are never written or shown."""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal

from ulmfit_app.errors import HubError
from ulmfit_app.settings import settings

LONGEST = 4096  # characters of a token


@dataclass(frozen=True, slots=True)
class Account:
    """Someone who is signed in, or without a token nobody in particular.

    `namespaces`: where repositories can be made, the person's own first.
    """

    name: str = ""
    token: str | None = field(default=None, repr=False)
    namespaces: tuple[str, ...] = ()

    @property
    def sent(self) -> str | Literal[False]:
        """What is passed to the client as `token`; None would let it send the token of the machine."""
        return self.token or False

    @property
    def folder(self) -> str:
        """The name of the folder of this account's cache: one account never finds the files of another."""
        return sha256(self.name.lower().encode()).hexdigest()[:16] if self.token else "anonymous"


ANONYMOUS = Account()


def own_token() -> str | None:
    """The token of this machine: HF_TOKEN, or the one that `hf auth login` stored. None in hosted mode, always."""
    if settings().mode == "hosted":
        return None
    from ulmfit_app.hub.client import calling, get_token

    with calling():
        token: str | None = get_token()
    return token


def sign_in(token: str | None) -> Account:
    """Ask the Hub whose `token` this is; None or an empty one is nobody's. Raises `HubError`, `OfflineError`."""
    token = (token or "").strip()
    if not token:
        return ANONYMOUS
    if len(token) > LONGEST or not token.isascii() or not token.isprintable() or " " in token:
        raise HubError("That cannot be a token of the Hub.", todo="Copy it again; it begins with hf_.")
    from ulmfit_app.hub.client import api, calling

    anybody = Account(token=token)
    with calling(account=anybody):
        told = api(anybody).whoami(token=token)
        organisations = [item["name"] for item in told.get("orgs", ()) if item.get("roleInOrg") != "read"]
        return Account(str(told["name"]), token, (str(told["name"]), *map(str, organisations)))

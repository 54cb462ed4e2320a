"""Signing in with the Hub of the tests: OpenID Connect on the same address, as huggingface.co has it.

Discovery, consent as a page with a link for everyone who has an account, codes that hold once and with PKCE only, real
signatures, and access tokens that the Hub of `tests.hubserver` takes.
"""

import hashlib
import json
import secrets
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.hubserver import Handler, RefusedError, running
from tests.hubstate import Hub
from tests.leaks import MARK

CLIENT, CLIENT_SECRET = "studio", secrets.token_hex(16)
PEOPLE = {"Alice": "5dd96eb166059660ed1ee413", "bob": "61f0c1a2b3d4e5f601234567"}  # name: number of the account
SCOPES = "openid profile read-repos write-repos manage-repos"


class _Provider(Handler):
    key = RSAKey.generate_key(2048, parameters={"kid": "tests", "use": "sig", "alg": "RS256"})
    codes: dict[str, dict[str, str]] = {}  # noqa: RUF012  (of all requests)

    def discovery(self) -> None:
        self.json(
            {
                "issuer": self.hub.url,
                "authorization_endpoint": f"{self.hub.url}/oauth/authorize",
                "token_endpoint": f"{self.hub.url}/oauth/token",
                "jwks_uri": f"{self.hub.url}/oauth/jwks",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["S256"],
            }
        )

    def keys(self) -> None:
        self.json({"keys": [self.key.as_dict(private=False)]})

    def authorize(self) -> None:
        """Ask who this is."""
        asked = self._asked()
        if asked["client_id"] != CLIENT or asked["code_challenge_method"] != "S256":
            raise RefusedError(400)
        links = [f"<p><a href='/oauth/allow?{urlencode(asked | {'as': name})}'>{name}</a></p>" for name in PEOPLE]
        self.send(200, f"<h1>Who are you?</h1>{''.join(links)}".encode(), {"Content-Type": "text/html"})

    def allow(self) -> None:
        """Send the browser back with a code."""
        asked, code = self._asked(), secrets.token_hex(8)
        self.codes[code] = asked
        back = f"{asked['redirect_uri']}?code={code}&state={quote(asked['state'])}"
        self.send(302, b"", {"Location": back})

    def token(self) -> None:
        """Change a code, once, for tokens."""
        given = {name: values[0] for name, values in parse_qs(self.body.decode()).items()}
        client = b64decode(self.headers.get("authorization", "").removeprefix("Basic ")).decode()
        asked = self.codes.pop(given["code"], None)
        proof = urlsafe_b64encode(hashlib.sha256(given.get("code_verifier", "").encode()).digest()).decode().rstrip("=")
        if client != f"{CLIENT}:{CLIENT_SECRET}" or asked is None or proof != asked["code_challenge"]:
            raise RefusedError(400)
        now, name = int(time.time()), asked["as"]
        claims = {
            "iss": self.hub.url,
            "aud": CLIENT,
            "sub": PEOPLE[name],
            "preferred_username": name,
            "name": f"{name} of the tests",
            "nonce": asked["nonce"],
            "iat": now,
            "exp": now + 3600,
        }
        access = self.hub.user(f"{MARK}oauth_{secrets.token_hex(8)}", name)
        signed = jwt.encode({"alg": "RS256", "kid": "tests"}, claims, self.key)
        self.json({"access_token": access, "id_token": signed, "token_type": "Bearer", "expires_in": 3600})

    def _asked(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}


_Provider.routes = [
    (r"/\.well-known/openid-configuration", ("GET",), _Provider.discovery),
    (r"/oauth/jwks", ("GET",), _Provider.keys),
    (r"/oauth/authorize", ("GET",), _Provider.authorize),
    (r"/oauth/allow", ("GET",), _Provider.allow),
    (r"/oauth/token", ("POST",), _Provider.token),
    *Handler.routes,
]


@contextmanager
def hub_with_sign_in() -> Iterator[Hub]:
    """A Hub on a free port of this machine where everyone of `PEOPLE` can sign in."""
    with running(_Provider) as hub:
        yield hub


def write_secrets(home: Path, hub: Hub) -> None:
    """Configure the sign-in for a server whose user has the home folder `home`."""
    auth = {
        "redirect_uri": "http://localhost:{port}/oauth2callback",
        "cookie_secret": secrets.token_hex(32),
        "client_id": CLIENT,
        "client_secret": CLIENT_SECRET,
        "server_metadata_url": f"{hub.url}/.well-known/openid-configuration",
        "expose_tokens": ["access"],
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in auth.items()]
    lines.append(f'client_kwargs = {{ scope = "{SCOPES}" }}')
    (home / ".streamlit").mkdir(exist_ok=True)
    (home / ".streamlit" / "secrets.toml").write_text("\n".join(["[auth]", *lines]))

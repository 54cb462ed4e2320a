"""Who is signed in with Hugging Face, as far as that can be relied on. Draws nothing; in local mode nobody is.

Relied on: `st.user` holds what Streamlit put into a cookie that it signed with `cookie_secret` for this address, after
Authlib had checked the provider's signature, issuer, audience and nonce. Of that counts only what the Hub itself said,
under the provider that the secrets configure for it: others may give any name and number to anyone. The owner is the
Hub's number of the account, `sub`. Its name can be changed, and is free for somebody else then: it is shown, no more.
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from ulmfit_app.settings import hub_site, settings, space_oauth
from ulmfit_app.signing import SHORTEST

SUBJECT = re.compile(r"[A-Za-z0-9_-]{1,255}")
IN_ALL, IN_ONE = ("redirect_uri", "cookie_secret"), ("client_id", "client_secret", "server_metadata_url")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """An account of the Hub. `token`: what it lets this app do there; None where the secrets do not expose it."""

    owner: str
    name: str
    token: str | None = field(repr=False)


def provider() -> str | None:
    """What `st.login` takes for the Hub; None where the secrets configure no sign-in with it that can be trusted."""
    if settings().mode == "local" or not st.secrets.load_if_toml_exists():
        return None
    auth: Mapping[str, Any] = st.secrets.get("auth") or {}
    if not all(auth.get(key) for key in IN_ALL) or len(str(auth["cookie_secret"])) < SHORTEST:
        return None  # whoever guesses the secret is whoever they want to be
    named = {name: section for name, section in auth.items() if isinstance(section, Mapping)}
    for name, section in ({"default": auth} | named).items():
        if all(section.get(key) for key in IN_ONE) and section["server_metadata_url"].startswith(f"{hub_site()}/"):
            return name
    return None


def signed_in() -> SignedIn | None:
    """Who the visitor of this session is; None for someone who is not signed in with the Hub."""
    ours = provider()
    if ours is None or not st.user.get("is_logged_in"):
        return None
    subject, name = st.user.get("sub"), st.user.get("preferred_username")
    if st.user.get("provider") != ours or str(st.user.get("iss")).rstrip("/") != hub_site():
        return None
    if not isinstance(subject, str) or not SUBJECT.fullmatch(subject):
        return None
    return SignedIn(f"hf:{subject}", str(name or subject), st.user.tokens.get("access"))


def secrets_of_a_space() -> dict[str, dict[str, Any]] | None:
    """Streamlit's secrets for signing in, made of what the Hub gives a Space with `hf_oauth: true`; None elsewhere."""
    given = space_oauth()
    if given is None:
        return None
    return {
        "auth": {
            "redirect_uri": f"https://{given.host}/oauth2callback",
            "cookie_secret": hmac.digest(given.secret.encode(), b"ulmfit-cookie", "sha256").hex(),
            "client_id": given.client,
            "client_secret": given.secret,
            "server_metadata_url": f"{given.provider.rstrip('/')}/.well-known/openid-configuration",
            # Streamlit's own prompt, select_account, is in none of the Hub's examples; consent is.
            "client_kwargs": {"scope": given.scopes, "prompt": "consent"},
            "expose_tokens": ["access"],
        }
    }

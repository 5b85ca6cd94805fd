"""Sign-in with Microsoft Entra ID through MSAL: one token per resource, kept while it lives.

MSAL is imported only when a token must be fetched: with a kept token a process never pays for
it. Instance discovery is off and the endpoints are derived from the login root, so private and
national clouds work and no request is spent on asking where to ask.
"""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Protocol

from defender365.api.transport import Request, Transport
from defender365.core.clock import Clock
from defender365.core.errors import BadInput, NotSignedIn
from defender365.core.settings import Settings

MARGIN = 120
"""Seconds before its end at which a token is no longer used."""


@dataclass(frozen=True)
class Token:
    """An access token; its value is kept out of `repr()`."""

    value: str
    expires_at: float
    roles: tuple[str, ...] | None
    """The permissions in it, or None where the token cannot be read."""

    def __repr__(self) -> str:
        return f"Token(expires_at={self.expires_at}, roles={self.roles})"


class TokenKeeper(Protocol):
    """Where tokens outlive the process, encrypted; `load` gives nothing when there is nothing."""

    def load(self) -> Mapping[str, Token]:
        """The kept tokens by resource."""
        ...

    def save(self, tokens: Mapping[str, Token]) -> None:
        """Keep these tokens."""
        ...


class NoKeeper:
    """Keeps nothing: every process signs in anew."""

    def load(self) -> Mapping[str, Token]:
        """Nothing."""
        return {}

    def save(self, tokens: Mapping[str, Token]) -> None:
        """Nothing is kept."""


class Tokens:
    """Gives the token for a resource, from memory, from the keeper, or by signing in."""

    def __init__(
        self,
        settings: Settings,
        transport: Transport,
        clock: Clock,
        keeper: TokenKeeper,
        read_file: Callable[[str], str],
    ) -> None:
        self._settings = settings
        self._transport = transport
        self._clock = clock
        self._keeper = keeper
        self._read_file = read_file
        self._tokens: dict[str, Token] | None = None

    def get(self, root: str) -> Token:
        """A live token for the API at this root.

        Raises `NotSignedIn` naming the parameter that Entra refuses, or a network error.
        """
        resource = resource_of(root)
        if self._tokens is None:
            self._tokens = dict(self._keeper.load())
        token = self._tokens.get(resource)
        if token is None or token.expires_at - MARGIN <= self._clock.seconds():
            token = self._tokens[resource] = self._sign_in(resource)
            self._keeper.save(self._tokens)
        return token

    def forget(self, root: str) -> None:
        """Drop a token that the service refused, so that the next `get` signs in."""
        if self._tokens is not None:
            self._tokens.pop(resource_of(root), None)

    def _sign_in(self, resource: str) -> Token:
        import msal  # noqa: PLC0415  costs more than a kept token's whole ping

        settings = self._settings
        authority = f"{settings.login_api_root}/{settings.tenant_id}"
        try:
            app = msal.ConfidentialClientApplication(
                settings.client_id,
                client_credential=self._credential(),
                authority=authority,
                instance_discovery=False,
                http_client=_LoginClient(self._transport, authority),
            )
            answer = app.acquire_token_for_client(scopes=[f"{resource}/.default"])
        except (ValueError, TypeError, UnicodeError):
            raise BadInput(_credential_words(settings)) from None
        if "access_token" not in answer:
            raise NotSignedIn(refusal_words(answer, settings))
        value = str(answer["access_token"])
        lives = float(answer.get("expires_in") or 3599)
        return Token(value, self._clock.seconds() + lives, roles_in(value))

    def _credential(self) -> Any:
        settings = self._settings
        if settings.client_certificate:
            from defender365.api.certificate import client_credential  # noqa: PLC0415  rare

            return client_credential(
                settings.client_certificate, settings.client_certificate_password
            )
        if settings.federated_token_file:
            return {"client_assertion": self._federated_token}
        return settings.client_secret

    def _federated_token(self) -> str:
        return self._read_file(self._settings.federated_token_file).strip()


class _LoginClient:
    """What MSAL sends through: our transport; the discovery document is derived, not fetched."""

    def __init__(self, transport: Transport, authority: str) -> None:
        self._transport = transport
        self._authority = authority

    def get(self, _url: str, **_: Any) -> Any:
        """The endpoints of every Entra cloud, as discovery would list them."""
        document = {
            "authorization_endpoint": f"{self._authority}/oauth2/v2.0/authorize",
            "token_endpoint": f"{self._authority}/oauth2/v2.0/token",
            "device_authorization_endpoint": f"{self._authority}/oauth2/v2.0/devicecode",
            "issuer": f"{self._authority}/v2.0",
        }
        return SimpleNamespace(status_code=200, text=json.dumps(document), headers={})

    def post(self, url: str, data: Mapping[str, str], **_: Any) -> Any:
        """The token request."""
        body = self._transport.token(
            Request("POST", url, "POST /oauth2/v2.0/token", "Sign-in", form=data)
        )
        status = 200 if "access_token" in body else 400
        return SimpleNamespace(status_code=status, text=json.dumps(body), headers={})

    def close(self) -> None:
        """The transport is closed by its owner."""


def resource_of(root: str) -> str:
    """The resource to ask a token for: the root's origin; regional API hosts share the global one."""
    origin = re.sub(r"^(https://[^/]+).*$", r"\1", root)
    regional = r"https://(api-[a-z]{2,3}|[a-z]{2,3}\.api)\.security\.microsoft\.com"
    return "https://api.security.microsoft.com" if re.fullmatch(regional, origin) else origin


def roles_in(token: str) -> tuple[str, ...] | None:
    """The `roles` of a JWT; empty when it has none, None when the token cannot be read."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return tuple(str(role) for role in claims.get("roles") or ())
    except (ValueError, AttributeError, TypeError):
        return None


_HINTS: Mapping[str, str] = {
    "7000215": '"Client Secret" is wrong: copy the secret\'s value, not its Secret ID.',
    "7000222": '"Client Secret" has expired: create a new one in the app registration.',
    "700016": '"Client ID" is not an application of this tenant.',
    "90002": '"Tenant ID" names no tenant.',
    "900023": '"Tenant ID" is neither a GUID nor a domain name of a tenant.',
    "700027": '"Client Certificate" is not registered with the application.',
    "500011": "the API is not known in this tenant: check the API roots.",
    "50012": "the client assertion was refused: check the certificate or the federated token.",
}


def refusal_words(answer: Mapping[str, Any], settings: Settings) -> str:
    """Why Entra gave no token, and which parameter to look at."""
    description = str(answer.get("error_description") or "").split("\r\n")[0].split("\n")[0]
    codes = [str(code) for code in answer.get("error_codes") or ()]
    found = re.search(r"AADSTS(\d+)", description)
    hint = next(
        (_HINTS[c] for c in [*codes, *(found.groups() if found else ())] if c in _HINTS), ""
    )
    said = description or str(answer.get("error") or "no reason given")
    for secret in (settings.client_secret, settings.client_certificate_password):
        if secret:
            said = said.replace(secret, "***")
    return f"Microsoft Entra ID refused the sign-in: {hint + ' ' if hint else ''}It said: {said}"


def _credential_words(settings: Settings) -> str:
    if settings.client_certificate:
        return '"Client Certificate" and its password do not give a usable private key.'
    return 'The sign-in could not be prepared: check "Tenant ID" and "Login API Root".'

"""Entra ID: apps, tokens and client assertions, with Entra's own error bodies."""

import base64
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import unquote, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.x509 import load_pem_x509_certificate

from defender_emulator.clock import machine_now, machine_seconds

LIFETIME = 3599
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
GRAPH_ROLES = (
    "SecurityIncident.Read.All", "SecurityIncident.ReadWrite.All", "SecurityAlert.Read.All",
    "SecurityAlert.ReadWrite.All", "ThreatHunting.Read.All", "SecurityData.Manage.All",
)  # fmt: skip
DEFENDER_ROLES = (
    "Incident.Read.All", "Incident.ReadWrite.All", "AdvancedHunting.Read.All",
    "AdvancedQuery.Read.All",
)  # fmt: skip
GRAPH_HOSTS = ("graph.microsoft.com", "graph.microsoft.us", "dod-graph.microsoft.us")
DEFENDER_HOSTS = (
    "api.security.microsoft.com", "api-gcc.security.microsoft.us", "api-gov.security.microsoft.us",
    "api.securitycenter.microsoft.com",
)  # fmt: skip
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")

DEFAULT = "11111111-0000-4000-8000-000000000001"
SPECIFICATION = "11111111-0000-4000-8000-000000000002"
READ_ONLY = "11111111-0000-4000-8000-000000000003"
NO_CONSENT = "11111111-0000-4000-8000-000000000004"
EXPIRED = "11111111-0000-4000-8000-000000000005"
CERTIFICATE = "11111111-0000-4000-8000-000000000006"
SECRET = "emulator~secret~of~the~default~app"  # noqa: S105  public by design


@dataclass
class App:
    """An app registration."""

    client_id: str
    name: str
    secret: str = SECRET
    roles: tuple[str, ...] = ()
    secret_expired: bool = False
    certificates: list[str] = field(default_factory=list)
    """PEM certificates whose keys may sign assertions."""
    federated: list[dict[str, str]] = field(default_factory=list)
    """Trusted issuers: `issuer`, `subject`, `public_key` (PEM)."""


def predefined() -> dict[str, App]:
    """The apps that are there from the start."""
    apps = (
        App(DEFAULT, "Everything", roles=(*GRAPH_ROLES, *DEFENDER_ROLES)),
        App(
            SPECIFICATION, "Specification",
            roles=("SecurityAlert.Read.All", "SecurityIncident.ReadWrite.All",
                   "AdvancedHunting.Read.All"),
        ),
        App(READ_ONLY, "Read only", roles=("SecurityIncident.Read.All", "SecurityAlert.Read.All")),
        App(NO_CONSENT, "No consent"),
        App(EXPIRED, "Expired secret", roles=GRAPH_ROLES, secret_expired=True),
        App(CERTIFICATE, "Certificate", secret="", roles=(*GRAPH_ROLES, *DEFENDER_ROLES)),
    )  # fmt: skip
    return {app.client_id: app for app in apps}


class Refusal(Exception):
    """A token error, as Entra words it."""

    def __init__(self, status: int, error: str, code: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.error = error
        self.code = code
        self.text = text

    def body(self) -> dict[str, Any]:
        """The JSON body."""
        trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
        when = machine_now().strftime("%Y-%m-%d %H:%M:%SZ")
        return {
            "error": self.error,
            "error_description": f"AADSTS{self.code}: {self.text}\r\nTrace ID: {trace}\r\n"
            f"Correlation ID: {correlation}\r\nTimestamp: {when}",
            "error_codes": [self.code],
            "timestamp": when,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"https://login.microsoftonline.com/error?code={self.code}",
        }


@dataclass(frozen=True)
class Caller:
    """Who a valid token speaks for."""

    app: str
    name: str
    roles: frozenset[str]
    apis: frozenset[str]
    """`graph`, `defender` or both."""


class TokenInvalid(Exception):
    """An access token that the APIs refuse."""


class Identity:
    """The sign-in service of one tenant."""

    def __init__(self, tenant_id: str) -> None:
        self.tenant_id = tenant_id
        self.apps = predefined()
        self.revoked_before = 0.0
        """Tokens issued before this moment are expired."""

    def token(self, tenant: str, form: Mapping[str, str], basic: str, base: str) -> tuple[App, str]:
        """The app and resource of a valid token request. Raises `Refusal`."""
        self.check_tenant(tenant)
        if form.get("grant_type") != "client_credentials":
            raise Refusal(
                400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type."
            )
        given_id, given_secret = _credentials(form, basic)
        app = self.apps.get(given_id)
        if app is None:
            raise Refusal(
                400, "unauthorized_client", 700016,
                f"Application with identifier '{given_id}' was not found in the directory '{tenant}'."
                " This can happen if the application has not been installed by the administrator of"
                " the tenant or consented to by any user in the tenant. You may have sent your"
                " authentication request to the wrong tenant.",
            )  # fmt: skip
        if form.get("client_assertion"):
            check_assertion(app, form, [f"{base}/{tenant}", *_public_forms(tenant)])
        else:
            _check_secret(app, given_secret)
        return app, _resource(form, base)

    def check_tenant(self, tenant: str) -> None:
        """Refuse other tenants, and what is no tenant name at all."""
        if tenant in {self.tenant_id, "contoso.example", "contoso.onmicrosoft.com"}:
            return
        guid = re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", tenant)
        if guid is None and not re.fullmatch(r"[\w-]+(\.[\w-]+)+", tenant):
            raise Refusal(
                400, "invalid_request", 900023,
                f"Specified tenant identifier '{tenant}' is neither a valid DNS name, nor a valid"
                " external domain.",
            )  # fmt: skip
        raise Refusal(
            400, "invalid_request", 90002,
            f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are"
            " signing into the correct cloud. Check with your subscription administrator, this may"
            " happen if there are no active subscriptions for the tenant.",
        )  # fmt: skip

    def issue(self, app: App, resource: str, base: str, version: str) -> str:
        """A signed access token."""
        now = machine_seconds()
        roles = [role for role in app.roles if role in _roles_of(resource)]
        issuer = (
            f"{base}/{self.tenant_id}/v2.0" if version == "2.0" else f"{base}/{self.tenant_id}/"
        )
        claims: dict[str, Any] = {
            "aud": resource, "iss": issuer, "iat": int(now), "nbf": int(now),
            "exp": int(now) + LIFETIME, "appid": app.client_id, "azp": app.client_id,
            "app_displayname": app.name, "tid": self.tenant_id, "ver": version,
            "oid": str(uuid.uuid5(uuid.NAMESPACE_DNS, app.client_id)), "issued": now,
        }  # fmt: skip
        if roles:
            claims["roles"] = roles
        return jwt.encode(claims, signing_key(), algorithm="RS256", headers={"kid": "emulator"})

    def caller(self, header: str) -> Caller:
        """Who sends this Authorization header. Raises `TokenInvalid`."""
        kind, _, token = header.partition(" ")
        if kind.lower() != "bearer" or not token:
            raise TokenInvalid("Access token is empty.")
        try:
            claims = jwt.decode(
                token, signing_key().public_key(), algorithms=["RS256"],
                options={"verify_aud": False},
            )  # fmt: skip
        except jwt.ExpiredSignatureError:
            raise TokenInvalid("Lifetime validation failed, the token is expired.") from None
        except jwt.InvalidTokenError:
            raise TokenInvalid("Access token validation failure.") from None
        if claims["issued"] < self.revoked_before:
            raise TokenInvalid("Lifetime validation failed, the token is expired.")
        apis = _apis_of(claims["aud"])
        return Caller(
            claims["appid"], claims["app_displayname"], frozenset(claims.get("roles", ())),
            frozenset(apis),
        )  # fmt: skip


@cache
def signing_key() -> RSAPrivateKey:
    """The key that signs access tokens, made once a process."""
    return generate_private_key(65537, 2048)


def jwks() -> dict[str, Any]:
    """The public key, for those who check tokens."""
    key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(signing_key().public_key()))
    return {"keys": [{**key, "kid": "emulator", "use": "sig"}]}


def check_assertion(app: App, form: Mapping[str, str], issuers: list[str]) -> None:
    """Check a client assertion's form, key, signature, audience and time. Raises `Refusal`."""
    assertion = form.get("client_assertion", "")
    if form.get("client_assertion_type") != ASSERTION:
        raise _bad_assertion(50027, "Invalid client assertion type.")
    try:
        head = jwt.get_unverified_header(assertion)
        loose = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        raise _bad_assertion(50027, "JWT token is invalid or malformed.") from None
    for trust in app.federated:
        if loose.get("iss") == trust["issuer"]:
            _check_federated(assertion, trust)
            return
    _check_signed(app, assertion, _certificate_key(app, head), issuers)


def _check_signed(app: App, assertion: str, key: Any, issuers: list[str]) -> None:
    audiences = [f"{root}{path}" for root in issuers for path in _AUDIENCES]
    try:
        claims = jwt.decode(assertion, key, algorithms=["RS256", "PS256"], audience=audiences)
    except jwt.ExpiredSignatureError:
        raise _bad_assertion(
            700024, "Client assertion is not within its valid time range."
        ) from None
    except jwt.InvalidAudienceError:
        raise _bad_assertion(50012, "The audience in the client assertion is not valid.") from None
    except jwt.InvalidTokenError:
        text = "Client assertion contains an invalid signature. [Reason - The key was not found.]"
        raise _bad_assertion(700027, text) from None
    if claims.get("iss") != app.client_id or claims.get("sub") != app.client_id:
        raise _bad_assertion(50012, "The issuer or subject of the client assertion is not the app.")


_AUDIENCES = ("/oauth2/v2.0/token", "/oauth2/token", "/v2.0", "/", "")


def _check_federated(assertion: str, trust: dict[str, str]) -> None:
    try:
        claims = jwt.decode(
            assertion, trust["public_key"], algorithms=["RS256", "PS256"],
            audience="api://AzureADTokenExchange",
        )  # fmt: skip
    except jwt.InvalidTokenError:
        raise _bad_assertion(50012, "The federated client assertion is not valid.") from None
    if claims.get("sub") != trust["subject"]:
        text = "No matching federated identity record found for presented assertion subject."
        raise _bad_assertion(700213, text)


def _certificate_key(app: App, head: Mapping[str, Any]) -> Any:
    for pem in app.certificates:
        certificate = load_pem_x509_certificate(pem.encode())
        prints = {
            "x5t#S256": _print(certificate.fingerprint(SHA256())),
            "x5t": _print(certificate.fingerprint(SHA1())),  # noqa: S303  Entra's older header
        }
        if any(str(head.get(name, "")).rstrip("=") == value for name, value in prints.items()):
            return certificate.public_key()
    text = "Client assertion contains an invalid signature. [Reason - The key was not found.]"
    raise _bad_assertion(700027, text)


def _print(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _bad_assertion(code: int, text: str) -> Refusal:
    return Refusal(401, "invalid_client", code, text)


def _credentials(form: Mapping[str, str], basic: str) -> tuple[str, str]:
    if basic.lower().startswith("basic "):
        try:
            user, _, secret = base64.b64decode(basic[6:]).decode().partition(":")
        except (ValueError, UnicodeDecodeError):
            user, secret = "", ""
        return unquote(user), unquote(secret)
    return form.get("client_id", ""), form.get("client_secret", "")


def _check_secret(app: App, given: str) -> None:
    if app.secret_expired and given == app.secret:
        raise Refusal(
            401, "invalid_client", 7000222,
            f"The provided client secret keys for app '{app.client_id}' are expired. Visit the Azure"
            " portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider"
            " using certificate credentials for added security: https://aka.ms/certCreds.",
        )  # fmt: skip
    if not app.secret or given != app.secret:
        raise Refusal(
            401, "invalid_client", 7000215,
            "Invalid client secret provided. Ensure the secret being sent in the request is the"
            f" client secret value, not the client secret ID, for a secret added to app"
            f" '{app.client_id}'.",
        )  # fmt: skip


def _resource(form: Mapping[str, str], base: str) -> str:
    if form.get("resource"):
        resource = form["resource"]
    else:
        scope = form.get("scope", "")
        if not scope.endswith("/.default") or " " in scope:
            raise Refusal(
                400, "invalid_scope", 70011,
                "The provided request must include a 'scope' input parameter. The provided value for"
                f" the input parameter 'scope' is not valid. The scope {scope} is not valid.",
            )  # fmt: skip
        resource = scope.removesuffix("/.default")
    if not _apis_of(resource):
        raise Refusal(
            400, "invalid_resource", 500011,
            f"The resource principal named {resource} was not found in the tenant. ({base})",
        )  # fmt: skip
    return resource.rstrip("/")


def _apis_of(resource: str) -> set[str]:
    host = urlsplit(resource).hostname or ""
    found = set()
    if host in GRAPH_HOSTS or host in LOCAL_HOSTS:
        found.add("graph")
    if host in DEFENDER_HOSTS or host in LOCAL_HOSTS:
        found.add("defender")
    return found


def _roles_of(resource: str) -> tuple[str, ...]:
    roles = {"graph": GRAPH_ROLES, "defender": DEFENDER_ROLES}
    return tuple(role for api in sorted(_apis_of(resource)) for role in roles[api])


def _public_forms(tenant: str) -> list[str]:
    return [f"https://login.microsoftonline.com/{tenant}"]

"""The connection parameters, declared once; the specification's first, then ours.

Every host reads these: Google's configuration page, the connector's parameters, the command
line's variables and profile.
"""

import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, replace
from typing import Any

from defender365.core.errors import BadInput
from defender365.core.spec import Kind, Param, declared, params_of, read_value

PUBLIC_API_ROOT = "https://api.security.microsoft.com"
PUBLIC_GRAPH_ROOT = "https://graph.microsoft.com"
PUBLIC_LOGIN_ROOT = "https://login.microsoftonline.com"

API_ROOT = Param(
    "API Root", "API root of the Microsoft 365 Defender instance.",
    default=PUBLIC_API_ROOT, mandatory=True,
)  # fmt: skip
TENANT_ID = Param("Tenant ID", "Microsoft 365 Defender account tenant ID.", mandatory=True)
CLIENT_ID = Param("Client ID", "Microsoft 365 Defender account client ID.", mandatory=True)
CLIENT_SECRET = Param(
    "Client Secret",
    "Microsoft 365 Defender account client secret. Important: copy the value of the client secret"
    " and not the Secret ID.",
    kind=Kind.SECRET, mandatory=True,
)  # fmt: skip
VERIFY_SSL = Param(
    "Verify SSL",
    "If enabled, verify the SSL certificate for the connection to the Microsoft 365 Defender"
    " server is valid.",
    kind=Kind.CHECKBOX, default=True, mandatory=True,
)  # fmt: skip
GRAPH_API_ROOT = Param(
    "Graph API Root", "API root of Microsoft Graph; national clouds have their own.",
    default=PUBLIC_GRAPH_ROOT, advanced=True,
)  # fmt: skip
LOGIN_API_ROOT = Param(
    "Login API Root", "Root of Microsoft Entra ID's sign-in; national clouds have their own.",
    default=PUBLIC_LOGIN_ROOT, advanced=True,
)  # fmt: skip
CERTIFICATE = Param(
    "Client Certificate",
    "Instead of the client secret: the app's certificate with its private key, as PEM text, as a"
    " PFX file in base64, or as the path of either file. It wins over a client secret.",
    kind=Kind.SECRET, advanced=True,
)  # fmt: skip
CERTIFICATE_PASSWORD = Param(
    "Client Certificate Password", "The passphrase of the client certificate's private key.",
    kind=Kind.SECRET, advanced=True,
)  # fmt: skip
FEDERATED_TOKEN_FILE = Param(
    "Federated Token File",
    "Instead of the client secret: a file with a token of the identity provider that the app"
    " trusts (workload identity). It is read anew for each sign-in, and wins over a client secret.",
    advanced=True,
)  # fmt: skip
CA_BUNDLE = Param(
    "CA Bundle",
    "The certificates to trust instead of the public ones: a file, or the text of one in PEM or in"
    " base64. It has no effect when Verify SSL is off.",
    advanced=True,
)  # fmt: skip
CLOUD = Param(
    "Cloud",
    "Sets the three roots together: global, gcc, gcc-high or dod. A root given by itself wins.",
    kind=Kind.CHOICE, choices=("global", "gcc", "gcc-high", "dod"), advanced=True,
)  # fmt: skip
PROXY_ADDRESS = Param("Proxy Server Address", "The address of the proxy server to use.")
PROXY_USERNAME = Param("Proxy Username", "The proxy username to authenticate with.")
PROXY_PASSWORD = Param(
    "Proxy Password", "The proxy password to authenticate with.", kind=Kind.SECRET
)

CLOUDS: dict[str, tuple[str, str, str]] = {
    "global": (PUBLIC_API_ROOT, PUBLIC_GRAPH_ROOT, PUBLIC_LOGIN_ROOT),
    "gcc": ("https://api-gcc.security.microsoft.us", PUBLIC_GRAPH_ROOT, PUBLIC_LOGIN_ROOT),
    "gcc-high": (
        "https://api-gov.security.microsoft.us",
        "https://graph.microsoft.us",
        "https://login.microsoftonline.us",
    ),
    "dod": (
        "https://api-gov.security.microsoft.us",
        "https://dod-graph.microsoft.us",
        "https://login.microsoftonline.us",
    ),
}
"""Each cloud's API, Graph and login roots (Microsoft's national cloud pages)."""


@dataclass(frozen=True)
class Settings:
    """How to reach one tenant. Secrets are kept out of `repr()`."""

    api_root: str = declared(API_ROOT)
    tenant_id: str = declared(TENANT_ID)
    client_id: str = declared(CLIENT_ID)
    client_secret: str = declared(CLIENT_SECRET)
    verify_ssl: bool = declared(VERIFY_SSL)
    graph_api_root: str = declared(GRAPH_API_ROOT)
    login_api_root: str = declared(LOGIN_API_ROOT)
    client_certificate: str = declared(CERTIFICATE)
    client_certificate_password: str = declared(CERTIFICATE_PASSWORD)
    federated_token_file: str = declared(FEDERATED_TOKEN_FILE)
    ca_bundle: str = declared(CA_BUNDLE)
    cloud: str = declared(CLOUD)
    proxy_server_address: str = declared(PROXY_ADDRESS)
    proxy_username: str = declared(PROXY_USERNAME)
    proxy_password: str = declared(PROXY_PASSWORD)

    def __repr__(self) -> str:
        return f"Settings(tenant_id={self.tenant_id!r}, client_id={self.client_id!r}, …)"

    def checked(self) -> "Settings":
        """These settings with clean roots, or `BadInput` naming each parameter that is wrong.

        Roots must be https; `/v1.0` behind the Graph root is taken off. The tenant is a GUID or
        a domain. One of client secret, certificate and federated token file is needed.
        """
        moved = self._in_cloud()
        problems = [*_identity_problems(moved), *_root_problems(moved)]
        if problems:
            raise BadInput(problems)
        return replace(
            moved,
            api_root=clean_root(moved.api_root),
            graph_api_root=re.sub(r"/(v1\.0|beta)$", "", clean_root(moved.graph_api_root)),
            login_api_root=clean_root(moved.login_api_root),
        )

    def _in_cloud(self) -> "Settings":
        if not self.cloud:
            return self
        roots = dict(
            zip(("api_root", "graph_api_root", "login_api_root"), CLOUDS[self.cloud], strict=True)
        )
        public = {item.name: item.default for item in fields(self)}
        moved = {k: v for k, v in roots.items() if getattr(self, k) == public[k]}
        return replace(self, **moved)  # type: ignore[arg-type]


def read_settings(values: Mapping[str, object]) -> Settings:
    """Settings from what a person typed, by parameter name; names that are not ours are ignored.

    Raises `BadInput` that tells every missing or bad parameter at once.
    """
    read: dict[str, Any] = {}
    problems: list[str] = []
    for attribute, declaration in params_of(Settings).items():
        try:
            value = read_value(replace(declaration, mandatory=False), values.get(declaration.name))
        except BadInput as error:
            problems.extend(error.problems)
            continue
        if value is not MISSING:
            read[attribute] = value
    if problems:
        raise BadInput(problems)
    return Settings(**read).checked()


def clean_root(root: str) -> str:
    """A root without blanks and trailing slashes."""
    return root.strip().rstrip("/")


def _identity_problems(settings: Settings) -> list[str]:
    problems = []
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}", settings.tenant_id):
        problems.append(_unusable(TENANT_ID, settings.tenant_id, "a GUID or a domain name"))
    if not re.fullmatch(r"[A-Za-z0-9-]{1,64}", settings.client_id):
        problems.append(_unusable(CLIENT_ID, settings.client_id, "the application's GUID"))
    ways = (settings.client_secret, settings.client_certificate, settings.federated_token_file)
    if not any(ways):
        problems.append(
            f'"{CLIENT_SECRET.name}" is mandatory and was not provided (or give'
            f' "{CERTIFICATE.name}" or "{FEDERATED_TOKEN_FILE.name}" instead).'
        )
    return problems


def _root_problems(settings: Settings) -> list[str]:
    roots = (
        (API_ROOT, settings.api_root),
        (GRAPH_API_ROOT, settings.graph_api_root),
        (LOGIN_API_ROOT, settings.login_api_root),
    )
    shape = re.compile(r"https://[A-Za-z0-9._\-\[\]:]+(/[A-Za-z0-9._/-]*)?")
    problems = [
        f'"{declaration.name}" must be an https address without user, query or fragment.'
        for declaration, root in roots
        if not shape.fullmatch(clean_root(root))
    ]
    proxy = settings.proxy_server_address
    if proxy and not re.fullmatch(r"(https?://)?[A-Za-z0-9._\-\[\]]+(:[0-9]{1,5})?/?", proxy):
        problems.append(
            f'"{PROXY_ADDRESS.name}" must be a host with a port, such as http://proxy:8080;'
            " name and password have parameters of their own."
        )
    return problems


def _unusable(declaration: Param, value: str, wanted: str) -> str:
    if not value:
        return f'"{declaration.name}" is mandatory and was not provided.'
    return f'"{declaration.name}" must be {wanted}.'

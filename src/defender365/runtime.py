"""The composition root: the only reader of the environment, the wall clock and chance.

Hosts ask for what they need; nothing below this room reaches for the machine by itself.
"""

import os
import re
import secrets
import time
import uuid
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from defender365.core.clock import Clock, Deadline
from defender365.core.errors import BadInput
from defender365.core.settings import (
    CA_BUNDLE,
    CERTIFICATE,
    CLIENT_SECRET,
    FEDERATED_TOKEN_FILE,
    Settings,
    read_settings,
)
from defender365.core.spec import folded, params_of
from defender365.stores.files import SpentFile, TextFile, read_profile

if TYPE_CHECKING:
    from defender365.api.auth import TokenKeeper
    from defender365.api.client import Client
    from defender365.api.transport import Wire

PREFIX = "DEFENDER365_"
KEYRING_SERVICE = "defender365"
IN_KEYRING = "client_secret_in_keyring"
"""The profile's key that says where the client secret is."""


def machine_clock() -> Clock:
    """The machine's clock, in UTC."""
    return Clock(lambda: datetime.now(UTC), time.monotonic, time.sleep)


@dataclass(frozen=True)
class Host:
    """The environment of a process: variables and where files belong."""

    variables: Mapping[str, str]

    @classmethod
    def this(cls) -> "Host":
        """This process's."""
        return cls(dict(os.environ))

    @property
    def profile_path(self) -> Path:
        """The profile file: `DEFENDER365_CONFIG`, or the user's configuration folder."""
        named = self.variables.get(f"{PREFIX}CONFIG")
        return Path(named) if named else self._folder("XDG_CONFIG_HOME", ".config") / "config.toml"

    def state_path(self, settings: Settings) -> Path:
        """Where the connector's state of one tenant and app is kept by default."""
        folder = self._folder("XDG_STATE_HOME", ".local/state")
        return folder / f"connector-{_about(settings)}.json"

    @property
    def hunts_folder(self) -> Path:
        """Where the user's own hunts are: `hunts` beside the profile."""
        return self._folder("XDG_CONFIG_HOME", ".config") / "hunts"

    @property
    def schema_path(self) -> Path:
        """Where a tenant's own tables and columns are kept."""
        return self._folder("XDG_CONFIG_HOME", ".config") / "hunting-schema.json"

    def spent(self, settings: Settings) -> "SpentFile":
        """When recent hunting queries were sent by `hunt`, in any process of this user and tenant."""
        return SpentFile(self.cache_folder / f"spent-{_about(settings)}.json")

    @property
    def cache_folder(self) -> Path:
        """Where files belong that can be made again."""
        return self._folder("XDG_CACHE_HOME", ".cache")

    def token_path(self, settings: Settings) -> Path:
        """Where the encrypted tokens of one tenant and app are kept."""
        return self.cache_folder / f"tokens-{_about(settings)}"

    def _folder(self, variable: str, fallback: str) -> Path:
        base = self.variables.get(variable)
        root = Path(base) if base else Path(self.variables.get("HOME") or Path.home()) / fallback
        return root / "defender365"

    def settings(self, given: Mapping[str, object] | None = None) -> Settings:
        """Settings from (first wins) what is given, variables, the profile, the keyring.

        Raises `BadInput` naming each missing or bad parameter and where to set it.
        """
        self._check_profile(given or {})
        values = {**self._profile(), **self._from_variables(), **(given or {})}
        if not values.get(CLIENT_SECRET.name) and values.pop(IN_KEYRING, None):
            values[CLIENT_SECRET.name] = secret_from_keyring(
                str(values.get("Tenant ID", "")), str(values.get("Client ID", ""))
            )
        values.pop(IN_KEYRING, None)
        try:
            settings = read_settings(values)
        except BadInput as error:
            hint = f"Set {PREFIX}… variables or run: defender365 configure"
            raise BadInput([*error.problems, f"({hint})"]) from None
        return replace(settings, client_certificate=_certificate(settings.client_certificate))

    def _check_profile(self, given: Mapping[str, object]) -> None:
        """A profile that was named must be there, unless the tenant and the app are given."""
        named = f"{PREFIX}CONFIG"
        if {"Tenant ID", "Client ID"} <= set(given) or not self.variables.get(named):
            return
        if not self.profile_path.exists():
            raise BadInput(
                f"{named} names {self.profile_path}, which does not exist."
                " Run: defender365 configure"
            )

    def _from_variables(self) -> dict[str, object]:
        return {
            declaration.name: self.variables[PREFIX + declaration.variable]
            for declaration in params_of(Settings).values()
            if self.variables.get(PREFIX + declaration.variable, "").strip()
        }

    def _profile(self) -> dict[str, object]:
        names = {folded(d.name): d.name for d in params_of(Settings).values()}
        names[folded(IN_KEYRING)] = IN_KEYRING
        path = self.profile_path
        found: dict[str, object] = {}
        for key, value in read_profile(path).items():
            if folded(key) not in names:
                raise BadInput(f'The profile {path} has "{key}", which is not a setting.')
            found[names[folded(key)]] = value
        return found


def connect(
    settings: Settings,
    *,
    host: Host,
    clock: Clock,
    seconds: float | None = None,
    spent: Mapping[str, list[float]] | None = None,
    keeper: "TokenKeeper | None" = None,
) -> "Client":
    """A client for one tenant; `seconds` is our own deadline, `keeper` where tokens are kept.

    Nothing is sent yet. Raises `BadInput` when a file
    that the settings name cannot be read.
    """
    # The HTTP library is the costliest import: help texts and dry runs do without it.
    from defender365.api.auth import Tokens  # noqa: PLC0415
    from defender365.api.client import Client  # noqa: PLC0415
    from defender365.api.kept_tokens import EncryptedTokens  # noqa: PLC0415
    from defender365.api.limits import Budgets  # noqa: PLC0415
    from defender365.api.transport import Transport, silence_insecure_warning  # noqa: PLC0415

    settings = replace(settings, client_certificate=_certificate(settings.client_certificate))
    if not settings.verify_ssl:
        silence_insecure_warning()
    deadline = Deadline(clock, seconds)
    transport = Transport(_wire(settings, host), clock, deadline, lambda: str(uuid.uuid4()))
    if keeper is None:
        keeper = EncryptedTokens(TextFile(host.token_path(settings)), settings, secrets.token_bytes)
    tokens = Tokens(settings, transport, clock, keeper, _federated_token)
    return Client(settings, transport, tokens, Budgets(clock, spent))


def _wire(settings: Settings, host: Host) -> "Wire":
    from defender365.api.transport import Wire  # noqa: PLC0415  as above

    verify: bool | str = settings.verify_ssl
    if settings.verify_ssl and settings.ca_bundle:
        verify = str(_ca_file(settings.ca_bundle, host))
    if settings.proxy_server_address:
        return Wire(verify, _proxy_url(settings))
    return Wire(verify, *_machine_proxy(host.variables))


def _ca_file(given: str, host: Host) -> Path:
    """The file of certificates to trust; a text is kept in one, named by its digest."""
    text = pem_of(given)
    if text:
        return _kept(text, host)
    path = Path(given)
    try:
        found = path.read_text(encoding="latin-1")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is no path"
        if len(given) > LONGEST_PATH:
            raise BadInput(f'"{CA_BUNDLE.name}" holds no certificate that can be read.') from None
        raise BadInput(f'"{CA_BUNDLE.name}" names a file that cannot be read: {why}.') from None
    if "CERTIFICATE-----" not in found:
        raise BadInput(f'The file in "{CA_BUNDLE.name}" holds no certificate in PEM.')
    return path


LONGEST_PATH = 255


def pem_of(given: str) -> str:
    """The certificates that were given themselves, as PEM; empty for what else it may be.

    PEM with its line breaks lost, and PEM or DER in base64, wrapped or not: as it was pasted.
    """
    import ssl  # noqa: PLC0415  only with a bundle

    text = given
    if _PEM not in text:
        try:
            data = b64decode("".join(given.split()), validate=True)
        except ValueError:
            return ""
        text = data.decode("latin-1")
        if _PEM not in text:
            text = ssl.DER_cert_to_PEM_cert(data)
    blocks = re.findall(
        r"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", text, re.DOTALL
    )
    pem = "".join(_block("".join(body.split())) for body in blocks)
    try:
        ssl.create_default_context(cadata=pem)
    except (ssl.SSLError, ValueError):
        return ""
    return pem


def _block(body: str) -> str:
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    return "\n".join([_PEM, *lines, "-----END CERTIFICATE-----", ""])


_PEM = "-----BEGIN CERTIFICATE-----"


def _kept(text: str, host: Host) -> Path:
    """A file with this text: in the cache, or, where that cannot be written, a new one."""
    name = f"ca-{sha256(text.encode()).hexdigest()[:16]}.pem"
    path = host.cache_folder / name
    try:
        if not path.is_file():
            TextFile(path).write(text)
    except OSError:
        import tempfile  # noqa: PLC0415  rarely needed

        path = Path(tempfile.mkdtemp(prefix="defender365-")) / name
        TextFile(path).write(text)
    return path


def _proxy_url(settings: Settings) -> str:
    from urllib.parse import quote  # noqa: PLC0415  only with a proxy

    address = settings.proxy_server_address.rstrip("/")
    scheme, _, rest = address.rpartition("://")
    user = quote(settings.proxy_username, safe="")
    password = quote(settings.proxy_password, safe="")
    credentials = f"{user}:{password}@" if user else ""
    return f"{scheme or 'http'}://{credentials}{rest}"


def _machine_proxy(variables: Mapping[str, str]) -> tuple[Any, ...]:
    """The machine's own proxy (HTTPS_PROXY, NO_PROXY), which users expect to be honoured."""
    proxy = variables.get("HTTPS_PROXY") or variables.get("https_proxy") or ""
    if not proxy:
        return ("",)
    without = variables.get("NO_PROXY") or variables.get("no_proxy") or ""
    skipped = [part.strip().lstrip("*.") for part in without.split(",") if part.strip()]
    skipped += ["localhost", "127.0.0.1", "::1"]
    return (
        proxy,
        lambda name: (
            "" in skipped or any(name == part or name.endswith("." + part) for part in skipped)
        ),
    )


def _certificate(given: str) -> str:
    """The certificate itself, where the setting names a file that holds it.

    What is short and no PEM can only be a path. Raises `BadInput` when there is no such file.
    """
    if not given or "-----BEGIN" in given or len(given) > 1024:
        return given
    try:
        data = Path(given).read_bytes()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is no path"
        raise BadInput(
            f'"{CERTIFICATE.name}" is neither PEM text nor a PFX file in base64, and as a path it'
            f" cannot be read: {why}."
        ) from None
    return data.decode("ascii", "replace") if b"-----BEGIN" in data else b64encode(data).decode()


def _federated_token(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise BadInput(f'The file in "{FEDERATED_TOKEN_FILE.name}" cannot be read.') from None


def secret_from_keyring(tenant_id: str, client_id: str) -> str:
    """The client secret in the system's keyring; empty when it has none."""
    import keyring  # noqa: PLC0415  slow, and only where a profile says so
    from keyring.errors import KeyringError  # noqa: PLC0415

    try:
        return keyring.get_password(KEYRING_SERVICE, f"{tenant_id}/{client_id}") or ""
    except KeyringError:
        return ""


def secret_to_keyring(tenant_id: str, client_id: str, secret: str) -> bool:
    """Keep the client secret in the system's keyring; False when the machine has none."""
    import keyring  # noqa: PLC0415  as above
    from keyring.errors import KeyringError  # noqa: PLC0415

    try:
        keyring.set_password(KEYRING_SERVICE, f"{tenant_id}/{client_id}", secret)
    except KeyringError:
        return False
    return True


def _about(settings: Settings) -> str:
    about = f"{settings.login_api_root}\n{settings.tenant_id}\n{settings.client_id}"
    return sha256(about.encode()).hexdigest()[:16]

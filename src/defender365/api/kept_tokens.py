"""Tokens kept between processes, encrypted with a key that only the app's secret gives.

Whoever reads the file without knowing the secret reads nothing, and no key has to be stored.
A file that cannot be read (another secret, another version, damage) is as good as none.
"""

import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, Protocol

from defender365.api.auth import Token
from defender365.core.settings import Settings


class Box(Protocol):
    """Where a host keeps one text."""

    def read(self) -> str:
        """The text; empty when there is none."""
        ...

    def write(self, text: str) -> None:
        """Keep this text. May raise OSError."""
        ...


class EncryptedTokens:
    """A `TokenKeeper` that keeps the tokens in a box, as AES-256-GCM under a derived key."""

    def __init__(self, box: Box, settings: Settings, random: Callable[[int], bytes]) -> None:
        self._box = box
        self._random = random
        self._secret = _lasting(settings)
        about = (settings.tenant_id, settings.client_id, settings.login_api_root)
        self._about = "\n".join(about).encode()

    def load(self) -> Mapping[str, Token]:
        """The kept tokens by resource; nothing when the text is not ours to read."""
        if not self._secret:  # a federated token: nothing lasting to seal with
            return {}
        try:
            sealed = b64decode(self._box.read(), validate=True)
        except (OSError, ValueError):
            return {}
        return self._opened(sealed) if len(sealed) >= 28 else {}

    def _opened(self, sealed: bytes) -> Mapping[str, Token]:
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415  only when there is a text

        try:
            plain = self._cipher(sealed[:16]).decrypt(sealed[16:28], sealed[28:], self._about)
            return {
                resource: Token(value, expires, None if roles is None else tuple(roles))
                for resource, (value, expires, roles) in json.loads(plain).items()
            }
        except (ValueError, TypeError, InvalidTag):
            return {}

    def save(self, tokens: Mapping[str, Token]) -> None:
        """Keep these tokens; where the box cannot be written, the next process signs in anew."""
        if not self._secret:
            return
        salt, nonce = self._random(16), self._random(12)
        plain = json.dumps({r: [t.value, t.expires_at, t.roles] for r, t in tokens.items()})
        sealed = self._cipher(salt).encrypt(nonce, plain.encode(), self._about)
        try:
            self._box.write(b64encode(salt + nonce + sealed).decode())
        except OSError:
            return

    def _cipher(self, salt: bytes) -> Any:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415  as above

        # HKDF (RFC 5869) of one block: Entra's secrets and keys are high in entropy.
        extracted = hmac.digest(salt, self._secret.encode(), sha256)
        return AESGCM(hmac.digest(extracted, b"defender365 tokens\x01", sha256))


def _lasting(settings: Settings) -> str:
    """The credential that the app signs in with, where it lasts; empty for a federated token.

    The one in use, and not another that was also typed: only who has it may read the tokens.
    """
    if settings.client_certificate:
        return settings.client_certificate
    return "" if settings.federated_token_file else settings.client_secret

"""Reads the app's certificate from PEM or PFX, however it was pasted."""

import re
from base64 import b64decode
from typing import Any

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import load_key_and_certificates
from cryptography.x509 import load_pem_x509_certificate

from defender365.core.errors import BadInput

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)


def client_credential(certificate: str, password: str) -> dict[str, Any]:
    """MSAL's credential for a certificate: PEM text (lost line breaks are restored) or base64 PFX.

    MSAL then signs with PS256 and the SHA-256 thumbprint, Entra's current form. Raises `BadInput`
    that names the parameter and never holds any of the key.
    """
    try:
        if "-----BEGIN" in certificate:
            return _from_pem(certificate, password)
        return _from_pfx(b64decode(re.sub(r"\s+", "", certificate), validate=True), password)
    except (ValueError, TypeError):
        raise BadInput(
            '"Client Certificate" could not be read: it must be PEM text with certificate and'
            ' private key, or a PFX file in base64, and "Client Certificate Password" must fit.'
        ) from None


def _from_pem(text: str, password: str) -> dict[str, Any]:
    blocks = {label: _pem(label, body) for label, body in _BLOCK.findall(text)}
    key = next((pem for label, pem in blocks.items() if label.endswith("PRIVATE KEY")), None)
    certificate = blocks.get("CERTIFICATE")
    if key is None or certificate is None:
        raise ValueError("a block is missing")
    load_pem_x509_certificate(certificate)
    encrypted = b"ENCRYPTED" in key
    private = load_pem_private_key(key, password.encode() if encrypted else None)
    return {"private_key": _plain(private), "public_certificate": certificate.decode()}


def _from_pfx(data: bytes, password: str) -> dict[str, Any]:
    private, certificate, _ = load_key_and_certificates(data, password.encode() or None)
    if private is None or certificate is None:
        raise ValueError("a part is missing")
    return {
        "private_key": _plain(private),
        "public_certificate": certificate.public_bytes(Encoding.PEM).decode(),
    }


def _plain(private: Any) -> str:
    pem: bytes = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem.decode()


def _pem(label: str, body: str) -> bytes:
    """A block with its lines restored; headers of the old encrypted form are kept as lines."""
    lines = body.replace("\\n", "\n").strip().split("\n")
    headers = [line.strip() for line in lines if ": " in line or ":" in line[:12]]
    data = re.sub(r"\s+", "", "".join(line for line in lines if line.strip() not in headers))
    rows = [data[i : i + 64] for i in range(0, len(data), 64)]
    top = [*headers, ""] if headers else []
    return "\n".join(
        [f"-----BEGIN {label}-----", *top, *rows, f"-----END {label}-----", ""]
    ).encode()

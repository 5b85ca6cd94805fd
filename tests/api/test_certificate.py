from base64 import b64encode
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from defender365.api.certificate import client_credential
from defender365.core.errors import BadInput
from tests.fakes import START

KEY = rsa.generate_private_key(65537, 2048)
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "app")])
CERTIFICATE = (
    x509.CertificateBuilder(NAME, NAME, KEY.public_key(), x509.random_serial_number())
    .not_valid_before(START)
    .not_valid_after(START + timedelta(days=9))
    .sign(KEY, SHA256())
)
PASSWORD = "correct horse"


def pem(form=PrivateFormat.PKCS8, password: str = "") -> str:
    protection = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    private = KEY.private_bytes(Encoding.PEM, form, protection).decode()
    return private + CERTIFICATE.public_bytes(Encoding.PEM).decode()


PLAIN = client_credential(pem(), "")


@pytest.mark.parametrize(
    ("text", "password"),
    [
        (pem(PrivateFormat.TraditionalOpenSSL), ""),
        (pem(password=PASSWORD), PASSWORD),
        (pem(PrivateFormat.TraditionalOpenSSL, PASSWORD), PASSWORD),
        (pem().replace("\n", " "), ""),
        (pem().replace("\n", ""), ""),
        (pem().replace("\n", "\\n"), ""),
        (pem().replace("\n", "\r\n"), "unneeded"),
        ("Bag Attributes\n  key: value\n" + pem(), ""),
    ],
)
def test_pem_is_read_however_it_was_pasted(text, password):
    assert client_credential(text, password) == PLAIN


@pytest.mark.parametrize("password", ["", PASSWORD])
def test_pfx_is_read_from_base64(password):
    protection = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    data = serialize_key_and_certificates(b"app", KEY, CERTIFICATE, None, protection)
    assert client_credential(b64encode(data).decode(), password) == PLAIN


@pytest.mark.parametrize(
    ("text", "password"),
    [
        ("nonsense", ""),
        ("", ""),
        (pem(password=PASSWORD), "wrong"),
        (pem(password=PASSWORD), ""),
        (pem().split("-----END PRIVATE KEY-----")[0], ""),
        (CERTIFICATE.public_bytes(Encoding.PEM).decode(), ""),
        ("-----BEGIN PRIVATE KEY-----AAAA-----END PRIVATE KEY-----" + pem().split("KEY-----\n")[-1], ""),
        (b64encode(b"not a pfx").decode(), ""),
        (
            b64encode(
                serialize_key_and_certificates(b"a", None, CERTIFICATE, None, NoEncryption())
            ).decode(),
            "",
        ),
    ],
)  # fmt: skip
def test_what_is_no_certificate_is_told_without_any_of_it(text, password):
    with pytest.raises(BadInput, match='"Client Certificate" could not be read') as caught:
        client_credential(text, password)
    assert caught.value.__cause__ is None
    assert "MII" not in str(caught.value)


@given(st.text())
def test_any_text_gives_a_credential_or_bad_input(text):
    with pytest.raises(BadInput):
        client_credential(text, "")

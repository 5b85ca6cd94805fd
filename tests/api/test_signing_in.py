"""Signing in, over the wire."""

import subprocess
import sys
from datetime import timedelta

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from defender365.api.auth import resource_of, roles_in
from defender365.core.errors import BadInput, NotSignedIn, RetryLater
from defender_emulator.clock import machine_now
from defender_emulator.identity import CERTIFICATE, App
from tests.lab import GET, TOKEN, Lab
from tests.stories import many, story

pytestmark = pytest.mark.wire

KEY = rsa.generate_private_key(65537, 2048)
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "app")])
PUBLIC = (
    x509.CertificateBuilder(NAME, NAME, KEY.public_key(), x509.random_serial_number())
    .not_valid_before(machine_now() - timedelta(days=1))
    .not_valid_after(machine_now() + timedelta(days=9))
    .sign(KEY, SHA256())
    .public_bytes(Encoding.PEM)
    .decode()
)
PEM = (
    KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"pass")).decode()
    + PUBLIC
)
BY_CERTIFICATE = {
    "Client ID": CERTIFICATE, "Client Secret": "", "Client Certificate": PEM,
    "Client Certificate Password": "pass",
}  # fmt: skip


def sign_ins(lab: Lab) -> int:
    return len(lab.world.journal.entries(route=TOKEN))


def read(lab: Lab, **settings) -> str:
    with lab.client(**settings) as client:
        return str(client.incident("1")["id"])


@pytest.fixture
def tenant(lab: Lab) -> Lab:
    lab.load(story(many(3)))
    return lab


def test_a_second_process_within_the_hour_does_not_sign_in(tenant: Lab):
    assert [read(tenant), read(tenant)] == ["1", "1"]
    assert sign_ins(tenant) == 1
    assert tenant.requests() == {GET: 2}
    tenant.time.advance(3600)
    read(tenant)
    assert sign_ins(tenant) == 2


def test_a_token_that_the_service_refuses_is_replaced_once(tenant: Lab):
    read(tenant)
    tenant.world.identity.revoked_before = 1e12
    with pytest.raises(NotSignedIn, match="access token was refused"):
        read(tenant)
    tenant.world.identity.revoked_before = 0.0
    tenant.world.faults.add(kind="expired_token", route=GET)
    assert read(tenant) == "1"


def test_a_certificate_signs_in(tenant: Lab):
    tenant.world.identity.apps[CERTIFICATE].certificates.append(PUBLIC)
    assert read(tenant, **BY_CERTIFICATE) == "1"


def test_a_certificate_that_is_not_registered_is_told(tenant: Lab):
    with pytest.raises(NotSignedIn, match='"Client Certificate" is not registered'):
        read(tenant, **BY_CERTIFICATE)


def test_a_certificate_that_cannot_be_read_is_told_before_anything_is_sent(tenant: Lab):
    with pytest.raises(BadInput, match='"Client Certificate" could not be read'):
        read(tenant, **{**BY_CERTIFICATE, "Client Certificate Password": "wrong"})
    assert sign_ins(tenant) == 0


def test_a_federated_token_signs_in_and_is_not_kept(tenant: Lab, tmp_path):
    now = int(machine_now().timestamp())
    claims = {"iss": "https://idp.example", "sub": "pod", "aud": "api://AzureADTokenExchange",
              "iat": now, "exp": now + 600}  # fmt: skip
    file = tmp_path / "token"
    file.write_text(jwt.encode(claims, KEY, "RS256") + "\n")
    public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    trust = {"issuer": "https://idp.example", "subject": "pod", "public_key": public}
    roles = ("SecurityIncident.Read.All",)
    tenant.world.identity.apps["fed"] = App("fed", "Federated", "", roles, federated=[trust])
    settings = {"Client ID": "fed", "Client Secret": "", "Federated Token File": str(file)}
    assert [read(tenant, **settings), read(tenant, **settings)] == ["1", "1"]
    assert sign_ins(tenant) == 2
    assert tenant.box.text == ""
    file.unlink()
    with pytest.raises(BadInput, match='"Federated Token File" cannot be read'):
        read(tenant, **settings)


def test_a_sign_in_that_fails_for_a_moment_is_tried_again(tenant: Lab):
    tenant.world.faults.add(kind="status", status=503, route=TOKEN, times=2)
    assert read(tenant) == "1"
    assert sign_ins(tenant) == 3


@pytest.mark.parametrize("kind", ["html", "throttle"])
def test_a_sign_in_that_is_answered_by_something_else_is_told(tenant: Lab, kind):
    tenant.world.faults.add(kind=kind, route=TOKEN, times=9)
    with pytest.raises(RetryLater, match=r"Sign-in|Please retry"):
        read(tenant)


def test_members_of_evolving_enums_are_asked_for(tenant: Lab):
    read(tenant)
    assert tenant.world.journal.entries(route=GET)[0]["prefer"] == "include-unknown-enum-members"


@pytest.mark.parametrize(
    ("root", "resource"),
    [
        ("https://graph.microsoft.com", "https://graph.microsoft.com"),
        ("https://api-eu.security.microsoft.com", "https://api.security.microsoft.com"),
        ("https://us.api.security.microsoft.com", "https://api.security.microsoft.com"),
        ("https://api-gcc.security.microsoft.us", "https://api-gcc.security.microsoft.us"),
        ("https://own.example:8443/path", "https://own.example:8443"),
    ],
)
def test_the_resource_is_the_roots_origin(root, resource):
    assert resource_of(root) == resource


@pytest.mark.parametrize("token", ["", "a.b", "a.%%%.c", "a.bm90anNvbg.c", "a.WzFd.c"])
def test_a_token_that_cannot_be_read_has_unknown_roles(token):
    assert roles_in(token) is None


def test_a_connector_process_with_a_kept_token_never_imports_msal(tenant: Lab):
    """The price of MSAL is paid only where a token must be fetched."""
    found = subprocess.run(
        [sys.executable, "-c", "import sys, defender365.api.auth; print('msal' in sys.modules)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert found.stdout.strip() == "False"

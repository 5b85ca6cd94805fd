import base64
import time
from datetime import timedelta

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from defender_emulator.clock import machine_now
from defender_emulator.identity import (
    ASSERTION,
    CERTIFICATE,
    EXPIRED,
    NO_CONSENT,
    READ_ONLY,
    SPECIFICATION,
    App,
    TokenInvalid,
    jwks,
)

pytestmark = pytest.mark.wire
KEY = rsa.generate_private_key(65537, 2048)
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "app")])
PUBLIC = (
    x509.CertificateBuilder(NAME, NAME, KEY.public_key(), x509.random_serial_number())
    .not_valid_before(machine_now() - timedelta(days=1))
    .not_valid_after(machine_now() + timedelta(days=9))
    .sign(KEY, SHA256())
)


def code_of(answer) -> tuple[int, str, int]:
    body = answer.json()
    assert body["error_uri"].endswith(f"code={body['error_codes'][0]}")
    assert body["error_description"].startswith(f"AADSTS{body['error_codes'][0]}: ")
    assert "\r\nTrace ID: " in body["error_description"]
    return answer.status_code, body["error"], body["error_codes"][0]


def test_a_secret_gives_a_signed_token_with_roles(wire):
    answer = wire.sign_in().json()
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3599)
    key = jwt.PyJWK(jwks()["keys"][0])
    claims = jwt.decode(
        answer["access_token"], key, algorithms=["RS256"], audience=wire.emulator.url
    )
    assert {"ThreatHunting.Read.All", "AdvancedHunting.Read.All"} <= set(claims["roles"])
    assert claims["tid"] == wire.world.identity.tenant_id


def test_version_1_speaks_in_strings(wire):
    form = {"client_id": SPECIFICATION, "client_secret": wire.world.identity.apps[SPECIFICATION].secret,
            "grant_type": "client_credentials", "resource": "https://graph.microsoft.com"}  # fmt: skip
    answer = wire.post(f"/{wire.world.identity.tenant_id}/oauth2/token", data=form).json()
    assert answer["expires_in"] == "3599"
    assert int(answer["expires_on"]) - int(answer["not_before"]) == 3599
    assert answer["resource"] == "https://graph.microsoft.com"


def test_a_basic_header_does_instead_of_the_body(wire):
    app = wire.world.identity.apps[READ_ONLY]
    secret = base64.b64encode(f"{app.client_id}:{app.secret}".encode()).decode()
    form = {"grant_type": "client_credentials", "scope": f"{wire.emulator.url}/.default"}
    path = f"/{wire.world.identity.tenant_id}/oauth2/v2.0/token"
    good = wire.post(path, data=form, headers={"Authorization": f"Basic {secret}"})
    bad = wire.post(path, data=form, headers={"Authorization": "Basic ????"})
    assert (good.status_code, code_of(bad)[2]) == (200, 700016)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"secret": "wrong"}, (401, "invalid_client", 7000215)),
        ({"client_id": EXPIRED}, (401, "invalid_client", 7000222)),
        ({"client_id": "nobody"}, (400, "unauthorized_client", 700016)),
        ({"tenant": "00000000-0000-4000-8000-000000000000"}, (400, "invalid_request", 90002)),
        ({"tenant": "nonsense"}, (400, "invalid_request", 900023)),
        ({"scope": "https://graph.microsoft.com/User.Read"}, (400, "invalid_scope", 70011)),
        ({"resource": "https://unknown.example"}, (400, "invalid_resource", 500011)),
        ({"grant_type": "password"}, (400, "unsupported_grant_type", 70003)),
    ],
)
def test_refusals_are_entras(wire, told, expected):
    assert code_of(wire.sign_in(**told)) == expected


def test_an_app_without_consent_gets_a_token_and_the_api_names_the_roles(wire):
    answer = wire.use(NO_CONSENT).get("/v1.0/security/incidents")
    assert answer.status_code == 403
    assert answer.json()["error"]["message"] == (
        "Missing application roles. API required roles: SecurityIncident.Read.All,"
        "SecurityIncident.ReadWrite.All, application roles: ."
    )


def test_a_token_opens_only_the_api_it_is_for(wire):
    graph = wire.use(resource="https://graph.microsoft.com")
    assert graph.get("/v1.0/security/incidents").status_code == 200
    assert graph.get("/api/incidents").json()["error"]["code"] == "Unauthorized"


def test_discovery_leads_to_the_endpoints_and_keys(wire):
    tenant = wire.world.identity.tenant_id
    for path in (f"/{tenant}/v2.0/.well-known/openid-configuration",
                 f"/{tenant}/.well-known/openid-configuration"):  # fmt: skip
        found = wire.get(path).json()
        assert found["token_endpoint"] == f"{wire.emulator.url}/{tenant}/oauth2/v2.0/token"
    assert wire.get(f"/{tenant}/discovery/v2.0/keys").json()["keys"][0]["kid"] == "emulator"
    assert wire.get("/nobody.example/v2.0/.well-known/openid-configuration").status_code == 400
    assert "tenant_discovery_endpoint" in wire.get("/common/discovery/instance").json()


def assertion(wire, *, key=KEY, algorithm="PS256", header=None, **changes) -> dict[str, str]:
    now = int(time.time())
    claims = {
        "aud": f"{wire.emulator.url}/{wire.world.identity.tenant_id}/oauth2/v2.0/token",
        "iss": CERTIFICATE, "sub": CERTIFICATE, "jti": "1", "nbf": now, "iat": now,
        "exp": now + 600, **changes,
    }  # fmt: skip
    digest = PUBLIC.fingerprint(SHA256() if algorithm == "PS256" else SHA1())
    name = "x5t#S256" if algorithm == "PS256" else "x5t"
    thumb = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    token = jwt.encode(claims, key, algorithm, headers=header or {name: thumb})
    return {"client_assertion": token, "client_assertion_type": ASSERTION}


@pytest.fixture
def registered(wire):
    pem = PUBLIC.public_bytes(Encoding.PEM).decode()
    wire.world.identity.apps[CERTIFICATE].certificates.append(pem)
    return wire


@pytest.mark.parametrize("algorithm", ["PS256", "RS256"])
def test_an_assertion_by_a_registered_certificate_signs_in(registered, algorithm):
    told = assertion(registered, algorithm=algorithm)
    assert registered.sign_in(CERTIFICATE, "", **told).status_code == 200


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"key": rsa.generate_private_key(65537, 2048)}, 700027),
        ({"header": {"x5t#S256": "unknown"}}, 700027),
        ({"exp": 1}, 700024),
        ({"aud": "https://other.example"}, 50012),
        ({"sub": "other"}, 50012),
    ],
)
def test_a_bad_assertion_is_refused(registered, changes, code):
    answer = registered.sign_in(CERTIFICATE, "", **assertion(registered, **changes))
    assert code_of(answer) == (401, "invalid_client", code)


@pytest.mark.parametrize("told", [{"client_assertion": "x.y.z", "client_assertion_type": ASSERTION},
                                  {"client_assertion": "x", "client_assertion_type": "other"}])  # fmt: skip
def test_what_is_no_assertion_is_refused(registered, told):
    assert code_of(registered.sign_in(CERTIFICATE, "", **told))[2] == 50027


@pytest.mark.parametrize(
    ("changes", "status"), [({}, 200), ({"sub": "x"}, 401), ({"aud": "x"}, 401)]
)
def test_a_federated_token_is_checked_against_its_trust(wire, changes, status):
    public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    trust = {"issuer": "https://idp.example", "subject": "pod", "public_key": public}
    wire.world.identity.apps["fed"] = App("fed", "Federated", "", federated=[trust])
    told = assertion(
        wire, **{"iss": "https://idp.example", "sub": "pod", "aud": "api://AzureADTokenExchange",
                 **changes},
    )  # fmt: skip
    assert wire.sign_in("fed", "", **told).status_code == status


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer nonsense", "Basic abc"])
def test_an_unusable_authorization_is_refused(wire, header):
    with pytest.raises(TokenInvalid):
        wire.world.identity.caller(header)


def test_tokens_expire_and_can_be_made_to(api):
    assert api.get("/v1.0/security/incidents").status_code == 200
    api.control("tokens/expire")
    answer = api.get("/v1.0/security/incidents")
    assert (answer.status_code, answer.json()["error"]["code"]) == (
        401,
        "InvalidAuthenticationToken",
    )
    claims = jwt.decode(
        api.session.headers["Authorization"][7:], options={"verify_signature": False}
    )
    from defender_emulator.identity import signing_key  # noqa: PLC0415  only here

    old = jwt.encode({**claims, "exp": 1}, signing_key(), "RS256")
    with pytest.raises(TokenInvalid, match="expired"):
        api.world.identity.caller(f"Bearer {old}")

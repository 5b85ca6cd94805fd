import ssl
from base64 import b64encode, encodebytes

import pytest
import trustme

from defender365.core.errors import BadInput
from defender365.core.settings import read_settings
from defender365.runtime import Host, _ca_file, _machine_proxy, _proxy_url, connect
from tests.fakes import FakeTime

VARIABLES = {
    "DEFENDER365_TENANT_ID": "t.example",
    "DEFENDER365_CLIENT_ID": "c",
    "DEFENDER365_CLIENT_SECRET": "hush",
}


def host(tmp_path, **variables) -> Host:
    return Host({"HOME": str(tmp_path), **VARIABLES, **variables})


def test_options_come_before_variables_before_the_profile(tmp_path):
    profile = tmp_path / "p.toml"
    profile.write_text('tenant-id = "profile"\n"API Root" = "https://p.example"\ncloud = "gcc"\n')
    found = host(tmp_path, DEFENDER365_CONFIG=str(profile)).settings(
        {"API Root": "https://o.example"}
    )
    assert (found.tenant_id, found.api_root, found.cloud) == (
        "t.example",
        "https://o.example",
        "gcc",
    )


def test_a_profile_with_an_unknown_setting_is_told(tmp_path):
    profile = tmp_path / "p.toml"
    profile.write_text('tennant_id = "x"\n')
    with pytest.raises(BadInput, match='"tennant_id", which is not a setting'):
        host(tmp_path, DEFENDER365_CONFIG=str(profile)).settings()


def test_what_is_missing_says_where_to_set_it(tmp_path):
    with pytest.raises(BadInput, match="defender365 configure"):
        Host({"HOME": str(tmp_path)}).settings()


def test_files_belong_to_the_users_folders_and_to_one_tenant(tmp_path):
    here = host(tmp_path, XDG_STATE_HOME=str(tmp_path / "s"))
    mine, other = here.settings(), here.settings({"Tenant ID": "u.example"})
    assert here.profile_path == tmp_path / ".config/defender365/config.toml"
    assert here.state_path(mine).parent == tmp_path / "s/defender365"
    assert here.state_path(mine) != here.state_path(other)
    assert here.token_path(mine).parent == tmp_path / ".cache/defender365"


@pytest.mark.parametrize(
    ("name", "text"), [("c.pem", b"-----BEGIN X-----"), ("c.pfx", b"\x00\x01")]
)
def test_a_certificate_may_be_the_path_of_a_file(tmp_path, name, text):
    (tmp_path / name).write_bytes(text)
    found = host(tmp_path, DEFENDER365_CLIENT_CERTIFICATE=str(tmp_path / name)).settings()
    expected = text.decode() if name == "c.pem" else b64encode(text).decode()
    assert found.client_certificate == expected


@pytest.mark.parametrize("given", ["-----BEGIN X-----", "QUJD" * 400])
def test_what_names_no_file_is_the_certificate_itself(tmp_path, given):
    found = host(tmp_path, DEFENDER365_CLIENT_CERTIFICATE=given).settings()
    assert found.client_certificate == given


@pytest.mark.parametrize("given", ["no/such/file", "nul\0byte", "."])
def test_what_is_no_certificate_and_no_file_is_told(tmp_path, given):
    with pytest.raises(BadInput, match='"Client Certificate" is neither PEM text nor a PFX file'):
        host(tmp_path, DEFENDER365_CLIENT_CERTIFICATE=given).settings()


@pytest.fixture(scope="module")
def pem():
    return trustme.CA().cert_pem.bytes().decode()


SHAPES = {
    "pem": lambda pem: pem,
    "pem on one line": lambda pem: " ".join(pem.split("\n")),
    "base64": lambda pem: b64encode(pem.encode()).decode(),
    "base64, wrapped": lambda pem: encodebytes(pem.encode()).decode(),
    "the body alone": lambda pem: "".join(pem.split("-----")[2].split()),
    "with a comment": lambda pem: b64encode(f"# Société\n{pem}".encode()).decode(),
    "two of them": lambda pem: pem + pem,
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_ca_bundle_may_be_the_text_itself(tmp_path, pem, shape):
    here = host(tmp_path)
    given = SHAPES[shape](pem)
    kept = _ca_file(given, here)
    assert ssl.create_default_context(cafile=str(kept)).cert_store_stats()["x509_ca"] == 1
    assert kept.parent == here.cache_folder
    assert kept.stat().st_mode & 0o077 == 0
    assert _ca_file(given, here) == kept


def test_a_ca_bundle_whose_cache_cannot_be_written_is_kept_elsewhere(tmp_path, pem):
    (tmp_path / "file").write_text("")
    kept = _ca_file(pem, Host({"XDG_CACHE_HOME": str(tmp_path / "file")}))
    assert kept.read_text() == pem.replace("\r\n", "\n")
    kept.unlink()
    kept.parent.rmdir()


@pytest.mark.parametrize("given", ["QUJD" * 200, "-----BEGIN CERTIFICATE-----" + "x" * 300])
def test_a_ca_bundle_that_is_no_certificate_is_told(tmp_path, given):
    with pytest.raises(BadInput, match='"CA Bundle" holds no certificate that can be read'):
        _ca_file(given, host(tmp_path))


def test_a_ca_bundle_without_a_certificate_is_told(tmp_path):
    (tmp_path / "empty.pem").write_text("nothing here")
    with pytest.raises(BadInput, match='"CA Bundle" holds no certificate in PEM'):
        _ca_file(str(tmp_path / "empty.pem"), host(tmp_path))
    with pytest.raises(BadInput, match='"CA Bundle" names a file that cannot be read: Is a dir'):
        _ca_file(str(tmp_path), host(tmp_path))


def test_the_proxy_takes_its_credentials_from_their_parameters():
    settings = read_settings(
        {
            "Tenant ID": "t", "Client ID": "c", "Client Secret": "s",
            "Proxy Server Address": "proxy:8080", "Proxy Username": "me",
            "Proxy Password": "p@ss/word",
        }
    )  # fmt: skip
    assert _proxy_url(settings) == "http://me:p%40ss%2Fword@proxy:8080"


def test_the_machines_proxy_is_used_but_not_for_what_it_excludes():
    assert _machine_proxy({}) == ("",)
    proxy, bypass = _machine_proxy({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*.corp.example, x"})
    assert proxy == "http://p:1"
    assert bypass("127.0.0.1")
    assert bypass("a.corp.example")
    assert bypass("x")
    assert not bypass("graph.microsoft.com")
    assert _machine_proxy({"https_proxy": "http://p:1", "no_proxy": "*"})[1]("anything")


def test_a_ca_bundle_that_is_not_there_is_told(tmp_path):
    here = host(tmp_path, DEFENDER365_CA_BUNDLE=str(tmp_path / "none.pem"))
    with pytest.raises(
        BadInput, match='"CA Bundle" names a file that cannot be read: No such file'
    ):
        connect(here.settings(), host=here, clock=FakeTime().clock)

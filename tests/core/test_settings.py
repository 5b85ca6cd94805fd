import pytest

from defender365.core.errors import BadInput
from defender365.core.settings import Settings, read_settings

GOOD = {"Tenant ID": "contoso.example", "Client ID": "a-1", "Client Secret": "hush"}


def test_the_public_roots_are_the_defaults():
    found = read_settings(GOOD)
    assert (found.api_root, found.graph_api_root, found.login_api_root, found.verify_ssl) == (
        "https://api.security.microsoft.com",
        "https://graph.microsoft.com",
        "https://login.microsoftonline.com",
        True,
    )


@pytest.mark.parametrize(
    ("cloud", "roots"),
    [
        ("gcc", ("api-gcc.security.microsoft.us", "graph.microsoft.com", "login.microsoftonline.com")),
        ("gcc-high", ("api-gov.security.microsoft.us", "graph.microsoft.us", "login.microsoftonline.us")),
        ("dod", ("api-gov.security.microsoft.us", "dod-graph.microsoft.us", "login.microsoftonline.us")),
    ],
)  # fmt: skip
def test_a_cloud_sets_the_three_roots_together(cloud, roots):
    found = read_settings({**GOOD, "Cloud": cloud})
    assert (found.api_root, found.graph_api_root, found.login_api_root) == tuple(
        f"https://{root}" for root in roots
    )


def test_a_root_given_by_itself_wins_over_the_cloud():
    found = read_settings({**GOOD, "Cloud": "dod", "API Root": "https://own.example/"})
    assert found.api_root == "https://own.example"
    assert found.graph_api_root == "https://dod-graph.microsoft.us"


def test_a_version_behind_the_graph_root_is_taken_off():
    given = {**GOOD, "Graph API Root": "https://graph.microsoft.com/v1.0/"}
    assert read_settings(given).graph_api_root == "https://graph.microsoft.com"


def test_everything_missing_is_told_at_once():
    with pytest.raises(BadInput) as caught:
        read_settings({})
    told = " ".join(caught.value.problems)
    assert all(f'"{name}"' in told for name in ("Tenant ID", "Client ID", "Client Secret"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("API Root", "http://api.example"),
        ("Graph API Root", "https://user:pass@graph.example"),
        ("Login API Root", "https://login.example/?q=1"),
        ("Tenant ID", "two words"),
        ("Client ID", "a/b"),
        ("Verify SSL", "perhaps"),
        ("Cloud", "moon"),
        ("Proxy Server Address", "http://me:secret@proxy:8080"),
    ],
)
def test_a_bad_setting_is_named_and_its_value_is_not_shown_where_it_may_hold_a_secret(name, value):
    with pytest.raises(BadInput, match=f'"{name}"') as caught:
        read_settings({**GOOD, name: value})
    assert "user:pass" not in str(caught.value)
    assert "me:secret" not in str(caught.value)


@pytest.mark.parametrize("way", ["Client Certificate", "Federated Token File"])
def test_a_certificate_or_a_federated_token_stands_for_the_secret(way):
    given = {k: v for k, v in GOOD.items() if k != "Client Secret"}
    assert read_settings({**given, way: "something"}).client_secret == ""


def test_repr_holds_no_secret():
    shown = repr(Settings(client_secret="hush", proxy_password="hush", client_id="a-1"))
    assert "hush" not in shown
    assert "a-1" in shown

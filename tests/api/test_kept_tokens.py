import random

import pytest

from defender365.api.auth import Token
from defender365.api.kept_tokens import EncryptedTokens
from defender365.core.settings import Settings, read_settings
from tests.fakes import MemoryBox

SETTINGS = Settings(tenant_id="t", client_id="c", client_secret="hush-hush")
TOKENS = {
    "https://graph.example": Token("ey.secret.token", 12.5, ("A.Read", "B.Write")),
    "https://api.example": Token("opaque", 13.0, None),
}


def keeper(box, settings=SETTINGS):
    return EncryptedTokens(box, settings, random.Random(7).randbytes)


def test_tokens_survive_the_process_and_their_text_is_sealed():
    box = MemoryBox()
    keeper(box).save(TOKENS)
    assert "secret" not in box.text
    assert keeper(box).load() == TOKENS


@pytest.mark.parametrize("change", [{"client_secret": "other"}, {"tenant_id": "u"}])
def test_another_secret_or_tenant_reads_nothing(change):
    box = MemoryBox()
    keeper(box).save(TOKENS)
    other = Settings(**{"tenant_id": "t", "client_id": "c", "client_secret": "hush-hush", **change})
    assert keeper(box, other).load() == {}


@pytest.mark.parametrize("text", ["", "short", "not base64!", "QUJD" * 30])
def test_a_damaged_text_is_as_good_as_none(text):
    assert keeper(MemoryBox(text)).load() == {}


def test_a_place_that_cannot_be_used_costs_a_sign_in_and_nothing_else():
    class Broken(MemoryBox):
        def read(self):
            raise PermissionError

        def write(self, text):
            assert text
            raise PermissionError

    keeper(Broken()).save(TOKENS)
    assert keeper(Broken()).load() == {}


def test_the_two_ways_to_show_a_token_hide_it():
    assert "ey.secret" not in repr(TOKENS["https://graph.example"])


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"Client Secret": "x", "Client Certificate": "A"},
         {"Client Secret": "y", "Client Certificate": "A"}, True),
        ({"Client Secret": "x", "Client Certificate": "A"},
         {"Client Secret": "x", "Client Certificate": "B"}, False),
        ({"Client Secret": "x", "Client Certificate": "A"}, {"Client Secret": "x"}, False),
    ],
)  # fmt: skip
def test_tokens_are_sealed_with_the_credential_in_use(one, other, same):
    box = MemoryBox()
    ids = {"Tenant ID": "t", "Client ID": "c"}
    EncryptedTokens(box, read_settings(ids | one), bytes).save({"r": Token("v", 9.0, None)})
    found = EncryptedTokens(box, read_settings(ids | other), bytes).load()
    assert bool(found) is same


def test_a_federated_token_beside_a_secret_keeps_nothing():
    box = MemoryBox()
    told = {"Tenant ID": "t", "Client ID": "c", "Client Secret": "x", "Federated Token File": "f"}
    EncryptedTokens(box, read_settings(told), bytes).save({"r": Token("v", 9.0, None)})
    assert box.text == ""

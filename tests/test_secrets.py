"""Nothing secret is ever printed: every log level of every library, every error, every message."""

import io
import logging
import traceback
from contextlib import redirect_stderr, redirect_stdout
from functools import partial

import pytest

from defender365.actions import ACTIONS
from defender365.actions.outcome import Scope, perform
from defender365.core.errors import Defender365Error
from defender365.core.spec import params_of
from tests.fakes import START
from tests.lab import GET, LIST, TOKEN, Lab
from tests.stories import many, story

pytestmark = pytest.mark.wire
PROXY_PASSWORD = "proxy-pass-word-123"
WRONG_SECRET = "wrong-secret-abcdef"

TROUBLE = {
    "none": {},
    "wrong secret": {"Client Secret": WRONG_SECRET},
    "unknown tenant": {"Tenant ID": "nowhere.example"},
    "unreachable": {"Graph API Root": "https://127.0.0.1:1"},
    "bad certificate": {"CA Bundle": ""},
    "proxy": {
        "Proxy Server Address": "127.0.0.1:1", "Proxy Username": "me",
        "Proxy Password": PROXY_PASSWORD,
    },
    "bad pfx": {"Client Certificate": "QUJD" * 300, "Client Certificate Password": WRONG_SECRET},
}  # fmt: skip
FAULTS = ("status", "cut", "truncated", "html", "expired_token", "throttle", "unknown_error")


def _same(client):
    return client


@pytest.fixture
def everything_logged():
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(name)s %(message)s %(args)s"))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.NOTSET)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def secrets_of(lab: Lab) -> list[str]:
    with lab.client() as client:
        token = client.tokens.get(client.settings.graph_api_root).value
    return [
        lab.emulator.ready["client_secret"], WRONG_SECRET, PROXY_PASSWORD, token,
        token.split(".")[2],
    ]  # fmt: skip


def values_for(action) -> dict[str, object]:
    given: dict[str, object] = {
        d.name: d.sample for d in params_of(action.params).values() if d.sample
    }
    return {**given, "Incident ID": "1"} if "Incident ID" in given else given


@pytest.mark.parametrize("trouble", TROUBLE)
def test_no_action_shows_a_secret_whatever_goes_wrong(lab: Lab, everything_logged, trouble):
    lab.load(story(many(2)))
    hidden = secrets_of(lab)
    shown = io.StringIO()
    with redirect_stdout(shown), redirect_stderr(shown):
        for action in ACTIONS:
            with lab.client(**TROUBLE[trouble]) as client:
                outcome = perform(action, partial(_same, client), values_for(action), Scope(START))
            shown.write(repr(outcome) + repr(client.settings) + repr(client.tokens))
    everything = everything_logged.getvalue() + shown.getvalue()
    assert [secret for secret in hidden if secret in everything] == []


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("route", [TOKEN, LIST, GET])
def test_no_fault_makes_the_connector_or_a_traceback_show_a_secret(
    lab: Lab, everything_logged, route, kind
):
    lab.load(story(many(2)))
    hidden = secrets_of(lab)
    lab.box.text = ""
    lab.world.faults.add(kind=kind, route=route, times=None, status=500)
    told = [repr(lab.poll()), lab.state_text]
    with lab.client() as client:
        try:
            client.incident("1")
        except Defender365Error:
            told.append(traceback.format_exc())
    everything = everything_logged.getvalue() + "".join(told)
    assert [secret for secret in hidden if secret in everything] == []


def test_what_is_kept_holds_no_token_in_the_open(lab: Lab):
    lab.load(story(many(1)))
    hidden = secrets_of(lab)
    assert lab.box.text
    assert [secret for secret in hidden if secret in lab.box.text] == []
    journal = repr(lab.world.journal.entries())
    assert [secret for secret in hidden if secret in journal] == []

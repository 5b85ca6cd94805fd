"""The emulator on the wire, and a plain client beside it."""

import pytest
import requests

from defender_emulator.identity import DEFAULT, SECRET, predefined
from defender_emulator.server import Emulator
from tests.stories import many, story


class Wire:
    """What a client can do: sign in, and call."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.world = emulator.world
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = emulator.ca_bundle

    def sign_in(self, client_id=DEFAULT, secret=SECRET, *, resource=None, tenant=None, **more):
        form = {
            "client_id": client_id, "client_secret": secret, "grant_type": "client_credentials",
            "scope": f"{resource or self.emulator.url}/.default", **more,
        }  # fmt: skip
        return self.post(f"/{tenant or self.world.identity.tenant_id}/oauth2/v2.0/token", data=form)

    def use(self, *args, **more) -> "Wire":
        token = self.sign_in(*args, **more).json()["access_token"]
        self.session.headers["Authorization"] = f"Bearer {token}"
        return self

    def call(self, method: str, path: str, **more) -> requests.Response:
        return self.session.request(method, self.emulator.url + path, **more)

    def get(self, path: str, **params) -> requests.Response:
        return self.call("GET", path, params={"$" + k: v for k, v in params.items()})

    def post(self, path: str, **more) -> requests.Response:
        return self.call("POST", path, **more)

    def patch(self, path: str, **changes) -> requests.Response:
        return self.call("PATCH", path, json=changes)

    def control(self, path: str, **body):
        return self.post(f"/_emulator/{path}", json=body)

    def load(self, changes) -> None:
        self.world.load(story(changes), factor=0.0)


@pytest.fixture(scope="session")
def emulator():
    with Emulator(story([]), factor=0.0) as running:
        yield running


@pytest.fixture
def wire(emulator):
    world = emulator.world
    world.masking = True
    world.identity.apps = predefined()
    world.identity.revoked_before = 0.0
    world.load(story(many(5)), factor=0.0)
    client = Wire(emulator)
    yield client
    client.session.close()


@pytest.fixture
def api(wire):
    return wire.use()

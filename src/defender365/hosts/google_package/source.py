"""The source form: the folder that Google's `mp` validates, builds and tests.

`pyproject.toml` and `uv.lock` need to know the package index and a wheel of this library; both are
made while packaging, see `wheels.py`.
"""

import html
import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import yaml

from defender365.actions import ACTIONS
from defender365.core.spec import Action
from defender365.hosts.google_package import definitions, descriptions
from defender365.hosts.google_package.identity import VERSION, Identity
from defender365.hosts.google_package.ontology import mapping_rules

ROOM = files("defender365.hosts.google_package")

Files = dict[str, bytes]
"""A folder: path to content, in order."""

ACTION_SCRIPT = '''"""{description}{more}"""

from __future__ import annotations

from defender365.hosts.google_secops import run_action


def main() -> None:
    """Run the action."""
    run_action({name!r}, {identifier!r})


if __name__ == "__main__":
    main()
'''

CONNECTOR_SCRIPT = '''"""{description}"""

from __future__ import annotations

from defender365.hosts.google_secops import run_connector


def main() -> None:
    """Run the connector once."""
    run_connector({identifier!r})


if __name__ == "__main__":
    main()
'''

PING_MESSAGES = """

Messages:
    "Successfully connected to the Microsoft 365 Defender server with the provided connection
    parameters!"
    "Failed to connect to the Microsoft 365 Defender server! Error is ..."
"""

PYPROJECT = """[project]
name = "{identifier}"
version = "{version}"
description = "{description}"
requires-python = ">=3.11,<3.12"
dependencies = ["defender365=={library}"]

[dependency-groups]
dev = [
    "soar-sdk",
    "pytest>=8.3.5",
    "pytest-json-report>=1.5.0",
]

[tool.pytest.ini_options]
pythonpath = "."

[tool.uv]
constraint-dependencies = [
{constraints}]

[tool.uv.sources]
defender365 = {{ path = "wheels/{wheel}" }}
soar-sdk = {{ git = "https://github.com/chronicle/soar-sdk" }}

[[tool.uv.index]]
url = "{index}"
default = true
"""

TEST_IMPORTS = '''"""Every script of the integration can be imported, and has a `main` to run."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted([*ROOT.glob("actions/[a-z]*.py"), *ROOT.glob("connectors/[a-z]*.py")])


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_script(path: Path) -> None:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert callable(module.main)


def test_there_are_scripts() -> None:
    assert len(SCRIPTS) == {scripts}
'''

TEST_PING = '''"""Ping against a platform whose configuration is of no use: told, with nothing sent elsewhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "actions" / "ping.py"
CONTEXT = {{
    "case_id": "0", "alert_id": "", "environment": "e", "workflow_id": "", "parameters": {{}},
    "integration_identifier": "{identifier}", "integration_instance": "i",
    "action_definition_name": "Ping", "original_requesting_user": "u",
    "default_result_value": "", "target_entities": [],
}}


class Platform(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({{"Tenant ID": "", "Client ID": "", "Client Secret": ""}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def test_ping_says_what_is_missing(tmp_path: Path) -> None:
    server = HTTPServer(("127.0.0.1", 0), Platform)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    env = {{
        **os.environ, "APP_USE_SSL": "False", "APP_IP": "127.0.0.1",
        "APP_PORT": str(server.server_port), "PYTHONPATH": "",
    }}
    env.pop("REQUESTS_CA_BUNDLE", None)
    log = f"--logPath={{tmp_path / 'script.log'}}"
    found = subprocess.run(
        [sys.executable, str(SCRIPT), "key", "True", log],
        input=json.dumps(CONTEXT), env=env, capture_output=True, text=True, check=False,
    )
    server.shutdown()
    result = json.loads(found.stdout)
    assert result["ExecutionState"] == 2
    assert "Failed to connect to the Microsoft 365 Defender server!" in result["Message"]
    assert '"Tenant ID" is mandatory' in result["Message"]
'''


def source_form(identity: Identity) -> Files:
    """The folder's files, but for `pyproject.toml`, `uv.lock` and the wheel."""
    found: Files = {
        "definition.yaml": _yaml(definitions.integration(identity)),
        "release_notes.yaml": _yaml(definitions.release_notes(identity)),
        "ontology_mapping.yaml": _yaml(mapping_rules(identity.identifier)),
        ".python-version": b"3.11\n",
    }
    for room in ("", "actions/", "connectors/", "core/"):
        found[f"{room}__init__.py"] = b""
    for action in ACTIONS:
        found[f"actions/{action.identifier}.yaml"] = _yaml(definitions.action(action, identity))
        found[f"actions/{action.identifier}.py"] = action_script(action, identity).encode()
        found[f"resources/{definitions.example_name(action)}"] = example(action).encode()
    found["connectors/incidents_connector.yaml"] = _yaml(definitions.connector(identity))
    found["connectors/incidents_connector.py"] = connector_script(identity).encode()
    for action in definitions.HUNTING:
        found[f"widgets/{action.identifier}.yaml"] = _yaml(definitions.widget(action, identity))
        found[f"widgets/{action.identifier}.html"] = widget_page(action).encode()
    found.update(_resources())
    found.update(_tests(identity))
    return found


def _yaml(value: Any) -> bytes:
    text: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100)
    return text.encode()


def action_script(action: Action, identity: Identity) -> str:
    """The script of an action: it hands over to the library."""
    more = PING_MESSAGES if action.name == "Ping" else ""
    return ACTION_SCRIPT.format(
        description=action.description,
        more=more,
        name=action.name,
        identifier=identity.identifier,
    )


def connector_script(identity: Identity) -> str:
    """The script of the connector."""
    return CONNECTOR_SCRIPT.format(
        description=definitions.CONNECTOR_DESCRIPTION, identifier=identity.identifier
    )


def example(action: Action) -> str:
    """An action's example result, recorded from a run against the emulator."""
    return (ROOM / "examples" / f"{action.identifier}.json").read_text(encoding="utf-8")


def widget_page(action: Action) -> str:
    """The page that shows an action's rows."""
    page = (ROOM / "widgets" / "hunting_results.html").read_text(encoding="utf-8")
    return page.replace("@@TITLE@@", html.escape(action.name))


def picture(name: str) -> bytes:
    """The logo, as `logo.svg` or `image.png`."""
    return (ROOM / "pictures" / name).read_bytes()


def ai_files() -> Files:
    """What the platform's assistant reads, by file name."""
    actions = {action.name: descriptions.action_description(action) for action in ACTIONS}
    return {
        "actions_ai_description.yaml": _yaml(actions),
        "integration_ai_description.yaml": _yaml(descriptions.integration_description()),
    }


def _resources() -> Files:
    found = {f"resources/{name}": picture(name) for name in ("logo.svg", "image.png")}
    return found | {f"resources/ai/{name}": content for name, content in ai_files().items()}


def _tests(identity: Identity) -> Files:
    scripts = str(len(ACTIONS) + 1)
    return {
        "tests/__init__.py": b"",
        "tests/config.json": b"{}\n",
        "tests/test_defaults/__init__.py": b"",
        "tests/test_defaults/test_imports.py": TEST_IMPORTS.replace("{scripts}", scripts).encode(),
        "tests/test_actions/__init__.py": b"",
        "tests/test_actions/test_ping.py": TEST_PING.format(
            identifier=identity.identifier
        ).encode(),
    }


def pyproject(identity: Identity, wheel: str, index: str, pins: Mapping[str, str]) -> bytes:
    """`pyproject.toml`, with what is only known while packaging."""
    constraints = "".join(f'    "{name}=={version}",\n' for name, version in pins.items())
    return PYPROJECT.format(
        identifier=identity.identifier,
        version=VERSION,
        description=definitions.about(),
        library=identity.library,
        constraints=constraints,
        wheel=wheel,
        index=index,
    ).encode()


def example_json(action: Action) -> Any:
    """An action's example result as a value."""
    return json.loads(example(action))

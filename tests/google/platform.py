"""A platform in a thread, and the package's built scripts run on it as processes.

The scripts run under the small SDK beside this file. To run the same tests under Google's own:

    SOAR_SDK=<folder of its modules> SOAR_PYTHON=<interpreter with the package's wheels> pytest …
"""

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from defender365.actions import ACTIONS
from defender365.core.connector_params import ConnectorParams
from defender365.core.spec import params_of
from defender365.hosts.google_package.built import built_form
from defender365.hosts.google_package.identity import Identity
from defender365.hosts.google_shapes import PLATFORM_NAMES
from tests.lab import Lab

SDK = Path(os.environ.get("SOAR_SDK") or Path(__file__).parent / "sdk")
GOOGLES_OWN = "SOAR_SDK" in os.environ
PYTHON = os.environ.get("SOAR_PYTHON") or sys.executable
CONNECTOR = "connector-1"
ENTITY = {
    "creation_time": 0, "modification_time": 0, "case_identifier": "7", "alert_identifier": "a",
    "is_internal": False, "is_suspicious": False, "is_artifact": False, "is_enriched": False,
    "is_vulnerable": False, "is_pivot": False,
}  # fmt: skip


class Platform:
    """What the platform keeps: configuration, context values, entities; and who asked for what."""

    def __init__(self) -> None:
        self.configuration: Any = {}
        self.context: dict[str, Any] = {}
        self.entities: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.broken: set[str] = set()
        """Calls that answer 500."""
        self.forgetful: set[str] = set()
        """Calls that are carried out and answer 502."""
        self.slow = 0.0
        """Seconds that each context value takes."""
        platform = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                platform.answer(self, {})

            def do_POST(self) -> None:
                platform.answer(
                    self, json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                )

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def answer(self, request: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        name = request.path.split("/sdk/")[1].split("/")[0].split("?")[0]
        self.asked.append(f"{name} {body['PropertyKey']}" if "PropertyKey" in body else name)
        if self.broken.intersection({name, self.asked[-1]}):
            self._send(request, 500, {"ErrorMessage": "the platform is unwell"})
            return
        if self.slow and name.endswith("ContextProperty"):
            threading.Event().wait(self.slow)  # a slow platform, in a thread of its own
        found = self._found(name, body)
        if name in self.forgetful:
            self._send(request, 502, {"ErrorMessage": "the answer was lost"})
            return
        self._send(request, 204 if found is None else 200, found)

    def _found(self, name: str, body: dict[str, Any]) -> Any:
        if name == "configuration":
            return self.configuration
        if name == "GetContextProperty":
            return self.context.get(body["PropertyKey"])
        if name == "SetContextProperty":
            self.context[body["PropertyKey"]] = body["PropertyValue"]
            return {}
        if name == "AlertFullDetails":
            return _alert(self.entities)
        return {}

    @staticmethod
    def _send(request: BaseHTTPRequestHandler, status: int, body: Any) -> None:
        data = b"" if body is None else json.dumps(body).encode()
        request.send_response(status)
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)


def _alert(entities: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "identifier": "a", "alert_group_identifier": "a", "creation_time": 0,
        "modification_time": 0, "case_identifier": "7", "reporting_vendor": "", "environment": "e",
        "reporting_product": "", "name": "", "description": "", "external_id": "", "severity": 0,
        "rule_generator": "", "tags": [], "detected_time": 0, "security_events": [],
        "domain_relations": [], "domain_entities": entities, "additional_properties": {},
        "additional_data": None,
    }  # fmt: skip


def entity(kind: str, original: str) -> dict[str, Any]:
    """An entity as the platform keeps it: upper-cased, with its original spelling beside."""
    return {
        **ENTITY, "identifier": original.upper(), "entity_type": kind,
        "additional_properties": {"OriginalIdentifier": original},
    }  # fmt: skip


@dataclass
class Ran:
    """What a process left."""

    code: int
    stdout: str
    stderr: str
    seconds: float = 0.0
    parsed: dict[str, Any] = field(default_factory=dict)

    @property
    def result(self) -> dict[str, Any]:
        """The result object's parts."""
        found: dict[str, Any] = json.loads(self.parsed["ResultObjectJson"] or "{}")
        return found

    @property
    def json_result(self) -> Any:
        return json.loads(self.result["JsonResult"]["RawJson"])

    @property
    def cases(self) -> list[dict[str, Any]]:
        return list(self.result["cases"])

    @property
    def errors(self) -> list[str]:
        return [row["message"] for row in self.result["log_rows"] if row["log_level"] == 3]


class Soar:
    """The package installed on a platform, beside an emulator."""

    def __init__(self, lab: Lab, platform: Platform, folder: Path) -> None:
        self.lab = lab
        self.platform = platform
        self.folder = folder
        self.env: dict[str, str] = {}
        """Variables of the scripts' processes, over the usual ones."""
        for name, content in built_form(Identity()).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        ready = lab.emulator.ready
        self.settings = {
            **dict.fromkeys(("API Root", "Graph API Root", "Login API Root"), ready["url"]),
            "Tenant ID": ready["tenant_id"], "Client ID": ready["client_id"],
            "Client Secret": ready["client_secret"], "Verify SSL": "true",
            "CA Bundle": Path(ready["ca_bundle"]).read_text(encoding="ascii"),
        }  # fmt: skip
        platform.configuration = dict(self.settings)

    def action(self, name: str, parameters: dict[str, str] | None = None, **context: Any) -> Ran:
        """Run an action; `raw` replaces its whole context, `targets` are its entities."""
        found = next(a for a in ACTIONS if a.name == name)
        targets = list(self.platform.entities)
        given = {
            "case_id": "7", "alert_id": "a", "environment": "e", "workflow_id": "w",
            "parameters": parameters or {}, "integration_identifier": "Microsoft365Defender",
            "integration_instance": "instance-1", "action_definition_name": name,
            "original_requesting_user": "u", "default_result_value": "",
            "execution_deadline_unix_time_ms": 0, "target_entities": [
                {"item1": e["identifier"], "item2": e["entity_type"]} for e in targets
            ], **context,
        }  # fmt: skip
        text = context.get("raw") or "\ufeff" + json.dumps(given)
        return self._run(f"ActionsScripts/{found.identifier}.py", ["app-key", "True"], text)

    def connector(
        self, parameters: dict[str, str] | None = None, *, test: bool = False,
        allow_list: list[str] | None = None, vault: dict[str, str] | None = None,
    ) -> Ran:  # fmt: skip
        """Run the connector once."""
        values = {
            PLATFORM_NAMES.get(d.name, d.name): "" if d.default is None else str(d.default)
            for d in params_of(ConnectorParams).values()
        }
        values |= self.settings | (parameters or {})
        info = {
            "environment": "Tenant A", "integration": "Microsoft365Defender",
            "connector_definition_name": "c", "identifier": CONNECTOR, "display_name": "c",
            "description": "", "result_data_type": 1, "allow_list": allow_list or [],
            "params": [
                {"param_name": k, "param_value": v, "type": 2, "is_mandatory": False, "mode": 0}
                for k, v in values.items()
            ],
        }  # fmt: skip
        context = {"connector_info": info, "vault_settings": vault}
        flags = ["False" if test else "True", "app-key"]
        return self._run("ConnectorsScripts/incidents_connector.py", flags, json.dumps(context))

    def process_env(self) -> dict[str, str]:
        """The environment of a script: the platform's address, the SDK, and nothing of ours."""
        host, port = self.platform.server.server_address[:2]
        kept = {
            k: v for k, v in os.environ.items()
            if not k.upper().endswith(("_PROXY", "CA_BUNDLE")) and not k.startswith("DEFENDER365")
        }  # fmt: skip
        return kept | {
            "APP_USE_SSL": "False", "APP_IP": str(host), "APP_PORT": str(port),
            "HOME": str(self.folder / "home"), "PYTHONPATH": self._path(),
            **self.env,
        }  # fmt: skip

    def _run(self, script: str, arguments: list[str], text: str) -> Ran:
        log = f"--logPath={self.folder / 'script.log'}"
        began = time.perf_counter()
        found = subprocess.run(
            [PYTHON, str(self.folder / script), *arguments, log],
            input=text.encode(), env=self.process_env(), capture_output=True, check=False, timeout=120,
        )  # fmt: skip
        took = time.perf_counter() - began
        ran = Ran(found.returncode, found.stdout.decode(), found.stderr.decode(), took)
        if ran.stdout:
            ran.parsed = json.loads(ran.stdout)  # one object and nothing else, always
        return ran

    def _path(self) -> str:
        if os.environ.get("SOAR_PYTHON"):
            return str(SDK)
        here = Path(__file__).parents[2]
        return os.pathsep.join([str(SDK), str(here / "src")])

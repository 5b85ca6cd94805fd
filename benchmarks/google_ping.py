"""A Ping of the Google SecOps package as a process, against the least that could do the same.

Under the small SDK of the tests, or under Google's own with the variables of
`tests/google/platform.py`.
"""

import json
import os
import statistics
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.google.platform import PYTHON, Platform, Soar

FLOOR = """
import sys
from SiemplifyAction import SiemplifyAction
import requests
import Siemplify
siemplify = SiemplifyAction()
settings = Siemplify.Siemplify.get_configuration(siemplify, "x", integration_instance="i")
session = requests.Session()
session.trust_env = False
session.verify = sys.argv[3]
headers = {"Authorization": "Bearer " + sys.argv[4]}
session.get(settings["Graph API Root"] + "/v1.0/security/incidents?$top=1",
            headers=headers).raise_for_status()
siemplify.end("ok", True, 0)
"""

RUNS = 15


def google_ping(ready: dict[str, str], folder: Path) -> str:
    """The ratio, and the requests of one Ping with its token kept."""
    platform = Platform()
    lab: Any = SimpleNamespace(emulator=SimpleNamespace(ready=ready))
    soar = Soar(lab, platform, folder)
    script, floor = folder / "ActionsScripts/ping.py", folder / "floor.py"
    floor.write_text(FLOOR, encoding="utf-8")
    plain = [str(floor), "key", "True", ready["ca_bundle"], _token(ready), "--logPath=/dev/null"]
    ours = [str(script), "key", "True", "--logPath=/dev/null"]
    for command in (ours, ours, plain):
        _timed(command, soar)
    platform.asked.clear()
    pairs = [(_timed(ours, soar), _timed(plain, soar)) for _ in range(RUNS)]
    mine, least = (statistics.median(column) for column in zip(*pairs, strict=True))
    asked = len(platform.asked) / (2 * RUNS)
    platform.close()
    return (
        f"Ping {mine * 1000:.0f} ms, the least {least * 1000:.0f} ms: ratio {mine / least:.2f};"
        f" {asked:.0f} request to the platform and 1 to Microsoft"
    )


def _token(ready: dict[str, str]) -> str:
    import requests  # noqa: PLC0415  only for the floor's token

    form = {
        "client_id": ready["client_id"], "client_secret": ready["client_secret"],
        "grant_type": "client_credentials", "scope": "https://graph.microsoft.com/.default",
    }  # fmt: skip
    address = f"{ready['url']}/{ready['tenant_id']}/oauth2/v2.0/token"
    found = requests.post(address, data=form, verify=ready["ca_bundle"], timeout=10).json()
    return str(found["access_token"])


def _timed(command: list[str], soar: Soar) -> float:
    context = {
        "case_id": "7", "alert_id": "a", "environment": "e", "workflow_id": "w", "parameters": {},
        "integration_identifier": "Microsoft365Defender", "integration_instance": "i",
        "action_definition_name": "Ping", "original_requesting_user": "u",
        "default_result_value": "", "target_entities": [],
    }  # fmt: skip
    env = soar.process_env() | {"PATH": os.environ.get("PATH", "")}
    began = time.perf_counter()
    found = subprocess.run(
        [PYTHON, *command], input=json.dumps(context), env=env, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    took = time.perf_counter() - began
    if json.loads(found.stdout)["ExecutionState"]:
        raise SystemExit(f"{command[0]} failed: {found.stdout[:500]}")
    return took

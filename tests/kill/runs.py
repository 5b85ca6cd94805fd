"""Asks the nursery for runs of the program, and tells how they ended."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from defender_emulator.server import Emulator

COVERAGE = ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")
"""Without these the nursery is not measured: what a measurement writes would be points too."""


@dataclass(frozen=True)
class Ending:
    """How a run ended: what it said, and the points it came by (the last is where it died)."""

    status: int
    """The exit code, or the signal that killed it as a negative number."""
    points: list[str]
    stdout: str
    stderr: str

    @property
    def killed(self) -> bool:
        """True when it was killed."""
        return self.status == -signal.SIGKILL

    @property
    def summary(self) -> dict[str, Any]:
        """What it told a program at its end."""
        return dict(json.loads(self.stdout))


class Nursery:
    """The program in `nursery.py`; a context manager."""

    def __enter__(self) -> "Nursery":
        kept = {name: value for name, value in os.environ.items() if name not in COVERAGE}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.kill.nursery"], env={**kept, **import_path()}, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._process.communicate()

    def run(self, order: dict[str, Any]) -> Ending:
        """One run to its end, or to the point where it is killed."""
        return Ending(**self._ask(order))

    def hold(self, order: dict[str, Any]) -> dict[str, Any] | None:
        """One run to a point where it is held, and its process id; None when it never came there."""
        answer = self._ask({**order, "hold": True})
        return answer if "held" in answer else None

    def release(self, *, kill: bool = False) -> Ending:
        """Let the run that is held go on, or kill it."""
        return Ending(**self._ask({"kill": kill}))

    def _ask(self, order: dict[str, Any]) -> dict[str, Any]:
        if self._process.stdin is None or self._process.stdout is None:
            raise AssertionError("the nursery has no pipes")
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return dict(json.loads(self._process.stdout.readline()))


def import_path() -> dict[str, str]:
    """The variable by which another Python finds what this one finds."""
    return {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def environment(emulator: Emulator, home: str) -> dict[str, str]:
    """The variables of a run beside this emulator."""
    ready = emulator.ready
    return {
        "HOME": home,
        "PATH": os.environ.get("PATH", ""),
        **{f"DEFENDER365_{name}_ROOT": ready["url"] for name in ("API", "GRAPH_API", "LOGIN_API")},
        "DEFENDER365_CA_BUNDLE": ready["ca_bundle"],
        "DEFENDER365_TENANT_ID": ready["tenant_id"],
        "DEFENDER365_CLIENT_ID": ready["client_id"],
        "DEFENDER365_CLIENT_SECRET": ready["client_secret"],
    }

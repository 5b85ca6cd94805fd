"""A program without threads that has loaded the command line, and forks a child for each run.

It reads orders from stdin, one JSON object a line, and answers each on stdout: what the run said
and how it ended, or that it is held at a point. Such a run goes on, or is killed, by the next order.
"""

import ctypes
import importlib
import json
import os
import struct
import sys
import traceback
from typing import Any

from defender365.hosts.cli.main import main
from tests.kill.tracing import Traced, let_be_traced

LOADED = (
    "defender365.hosts.cli.ingest", "defender365.api.auth", "defender365.api.client",
    "defender365.api.kept_tokens", "requests", "cryptography.hazmat.primitives.ciphers.aead",
    "encodings.idna",
)  # fmt: skip
"""What a run would load itself, a third of a second each time."""

VERSION_3 = 0x20080522
"""Of the kernel's capabilities: 64 bits of them."""


class Run:
    """One child: the command line with these arguments, and where it is to be stopped."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._order = order
        self._pipes = os.pipe(), os.pipe()
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            self._be_the_program()
        for _, to in self._pipes:
            os.close(to)
        self._child = Traced(pid)

    def began(self) -> dict[str, Any]:
        """Go to the point where it is to be stopped, and do there what was ordered."""
        reached = self._child.go_to(self._order.get("stop_at"), self._order.get("share", 0.5))
        if reached and self._order.get("hold"):
            return {"held": self._child.points[-1], "pid": self._child.pid}
        return self.ended(kill=reached)

    def ended(self, *, kill: bool) -> dict[str, Any]:
        """Kill it where it stands, or let it go on to its end; what it said."""
        if kill:
            self._child.kill()
        else:
            self._child.go_to(None)
        words = []
        for source, _ in self._pipes:
            with os.fdopen(source, "rb") as stream:
                words.append(stream.read().decode("utf-8", "replace"))
        status, points = self._child.status, self._child.points
        return {"status": status, "points": points, "stdout": words[0], "stderr": words[1]}

    def _be_the_program(self) -> None:
        code = 70
        try:
            self._settle_in()
            let_be_traced()
            main(self._order["arguments"])
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
        except BaseException:  # noqa: BLE001  a child must never go on as its parent
            traceback.print_exc()
        finally:
            os._exit(code)

    def _settle_in(self) -> None:
        os.environ.clear()
        os.environ.update(self._order["environment"])
        for descriptor, (_, to) in enumerate(self._pipes, start=1):
            os.dup2(to, descriptor)
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115  a descriptor
        sys.stderr = open(2, "w", encoding="utf-8", buffering=1, closefd=False)  # noqa: SIM115
        if self._order.get("powerless"):
            give_up_power()


def give_up_power() -> None:
    """Root without its capabilities: the modes of files hold for it too."""
    libc = ctypes.CDLL(None, use_errno=True)
    header, none = struct.pack("Ii", VERSION_3, 0), bytes(24)
    if libc.capset(header, none):
        raise OSError(ctypes.get_errno(), "the capabilities stay")


def serve() -> None:
    """Answer orders until there are no more."""
    for name in LOADED:
        importlib.import_module(name)
    held: Run | None = None
    for line in sys.stdin:
        order = json.loads(line)
        if held is not None:
            answer = held.ended(kill=order["kill"])
            held = None
        else:
            run = Run(order)
            answer = run.began()
            held = run if "held" in answer else None
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()

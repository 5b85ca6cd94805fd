"""The process that runs queries: it reads messages, answers them, and can do nothing else.

A query comes from outside, so it runs where it can harm little: limited memory, no files, no
network, and a parent that ends the process when a query does not end.
"""

import contextlib
import sys
import threading
from datetime import datetime
from typing import IO, Any

from defender_emulator.hunting.pipes import Message, receive, send
from defender_emulator.hunting.refusals import (
    HuntingFailed,
    QueryPreempted,
    QueryRefused,
    QueryTimedOut,
    QueryTooBig,
)
from defender_emulator.hunting.schema import unmarked
from defender_emulator.hunting.store import Caps, Store
from defender_emulator.hunting.translation import translated

STACK = 256 * 2**20
DEEP = 20_000
FAILURES: dict[str, type[HuntingFailed]] = {
    kind.__name__: kind for kind in (QueryRefused, QueryTooBig, QueryPreempted, QueryTimedOut)
}


class Answering:
    """Answers messages, one at a time."""

    def __init__(self, store: Store, seconds: float) -> None:
        self._store = store
        self._seconds = seconds

    def answer(self, message: Message) -> Message:
        """Do what a message asks for; a failure is an answer too."""
        try:
            if "query" in message:
                return self._run(message)
            if "forget" in message:
                self._store.forget(message["forget"])
            for part in message.get("insert", ()):
                self._store.insert(*part)
            if "evidence" in message:
                self._store.insert_evidence(*message["evidence"])
        except HuntingFailed as failed:
            return {"failed": type(failed).__name__, "text": unmarked(str(failed))}
        except MemoryError:
            return {"failed": QueryPreempted.__name__, "text": ""}
        return {"done": True}

    def _run(self, message: Message) -> Message:
        now, first, last = (datetime.fromisoformat(t) for t in message["times"])
        sql, bound = translated(message["query"], now, self._store.types_of)
        timer = threading.Timer(self._seconds, self._store.interrupt)
        timer.daemon = True
        timer.start()
        try:
            columns, rows = self._store.run(sql, bound, (first, last))
        finally:
            timer.cancel()
        columns = [(unmarked(name), kind) for name, kind in columns]
        return {"columns": columns, "rows": unmarked(rows)}


def serve(inward: IO[bytes], outward: IO[bytes], answering: Answering) -> None:
    """Answer messages until there are no more."""
    while (message := receive(inward)) is not None:
        send(outward, answering.answer(message))


def limit_memory(megabytes: int) -> None:
    """Let the system refuse this process more memory, where the system can."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415 - not everywhere

        resource.setrlimit(resource.RLIMIT_AS, (megabytes * 2**20, megabytes * 2**20))


def main(settings: dict[str, Any]) -> None:  # pragma: no cover - runs in the other process
    """Serve on standard input and output, with a stack deep enough for nested queries."""
    limit_memory(settings["address_space"])
    outward, sys.stdout = sys.stdout.buffer, sys.stderr
    sys.setrecursionlimit(DEEP)
    threading.stack_size(STACK)

    def work() -> None:
        store = Store(Caps(**settings["caps"]))
        send(outward, {"ready": True})
        serve(sys.stdin.buffer, outward, Answering(store, settings["seconds"]))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

"""The process that runs queries: it reads messages, answers them, and can do nothing else.

A query comes from outside, so it runs where it can harm little: limited memory, no files, no
network, and a parent that ends the process when a query does not end.
"""

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from datetime import datetime
from typing import IO, Any

from defender_emulator.hunting.pipes import Message, receive, send
from defender_emulator.hunting.refusals import (
    HuntingFailed,
    QueryPreempted,
    QueryRefused,
    QueryTimedOut,
    QueryTooBig,
    not_supported,
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
        self._own_changes = (
            ("drop", store.drop), ("declare", store.declare), ("extend", store.extend),
        )  # fmt: skip

    def answer(self, message: Message) -> Message:
        """Do what a message asks for; a failure is an answer too."""
        try:
            return self._answered(message)
        except HuntingFailed as failed:
            return {"failed": type(failed).__name__, "text": unmarked(str(failed))}
        except MemoryError:
            return {"failed": QueryPreempted.__name__, "text": ""}
        except Exception as error:  # noqa: BLE001 - one query must not end the process for the next
            said = not_supported(f"it failed in an unforeseen way ({type(error).__name__})")
            return {"failed": QueryRefused.__name__, "text": str(said)}

    def _answered(self, message: Message) -> Message:
        if "query" in message:
            return self._run(message)
        if "count" in message:
            window = _moments(message["times"])
            return {"counts": self._store.count(message["count"], window)}
        self._change(message)
        return {"done": True}

    def _change(self, message: Message) -> None:
        if "background" in message:
            self._store.background(message["background"])
        if "forget" in message:
            self._store.forget(message["forget"])
        for part in message.get("insert", ()):
            self._store.insert(*part)
        if "evidence" in message:
            self._store.insert_evidence(*message["evidence"])
        for name, change in self._own_changes:
            if name in message:
                change(*message[name])

    @contextlib.contextmanager
    def _limited(self) -> Iterator[None]:
        """What is asked of the tables within is interrupted when the time is up."""
        timer = threading.Timer(self._seconds, self._store.interrupt)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _run(self, message: Message) -> Message:
        now = datetime.fromisoformat(message["times"][0])
        window = _moments(message["times"][1:])
        span = _moments(message["span"]) if message.get("span") else None
        self._store.look_at(window, span)
        with self._limited():
            sql, bound = translated(message["query"], now, self._store)
        with self._limited():
            columns, rows = self._store.run(sql, bound)
        columns = [(unmarked(name), kind) for name, kind in columns]
        return {"columns": columns, "rows": unmarked(rows)}


def _moments(texts: list[str]) -> tuple[datetime, datetime]:
    first, last = (datetime.fromisoformat(text) for text in texts)
    return first, last


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
    outward = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints, it is no message
    sys.stdout = sys.stderr
    sys.setrecursionlimit(DEEP)
    threading.stack_size(STACK)

    def work() -> None:
        store = Store(Caps(**settings["caps"]))
        send(outward, {"ready": True})
        serve(sys.stdin.buffer, outward, Answering(store, settings["seconds"]))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

"""Starting, asking and ending the process that runs queries."""

import contextlib
import json
import subprocess
import sys
from queue import Empty, SimpleQueue
from threading import Thread
from typing import IO, Any

from defender_emulator.hunting.pipes import Message, receive, send

_BEGIN = (
    "import json, sys\n"
    "settings = json.loads(sys.argv[1])\n"
    "sys.path[:] = settings['path']\n"
    "from defender_emulator.hunting.child import main\n"
    "main(settings)\n"
)


class WorkerGone(Exception):
    """The process has ended, or has not answered in time and was ended."""


class Worker:
    """One process. It inherits no environment, hears no Ctrl-C, and ends with its parent."""

    def __init__(self, settings: Message, patience: float) -> None:
        given = json.dumps({**settings, "path": [entry for entry in sys.path if entry]})
        self._process = subprocess.Popen(  # noqa: S603 - this interpreter and our own text
            [sys.executable, "-I", "-X", "utf8", "-c", _BEGIN, given],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={},
            start_new_session=True,
        )
        self._answers: SimpleQueue[Message | None] = SimpleQueue()
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()
        self.hear(patience)

    def tell(self, message: Message) -> None:
        """Send a message; its answer is to be heard before the next but one."""
        try:
            send(_pipe(self._process.stdin), message)
        except OSError:
            self.end()
            raise WorkerGone from None

    def hear(self, patience: float) -> Message:
        """Wait for an answer, at most some seconds."""
        answer: Any = None
        with contextlib.suppress(Empty):
            answer = self._answers.get(timeout=patience)
        if answer is None:
            self.end()
            raise WorkerGone
        made: Message = answer
        return made

    def end(self) -> None:
        """End the process at once and wait until it is gone."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                _pipe(pipe).close()

    def _read(self) -> None:
        while (answer := receive(_pipe(self._process.stdout))) is not None:
            self._answers.put(answer)
        self._answers.put(None)


def _pipe(end: IO[bytes] | None) -> IO[bytes]:
    assert end is not None  # noqa: S101 - Popen was asked for pipes
    return end

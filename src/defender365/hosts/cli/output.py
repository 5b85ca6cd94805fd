"""Where `connector run` hands case alerts to: a file, a pipe, stdout, or a person."""

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click

from defender365.core.case_lines import CaseLines
from defender365.core.errors import BadInput
from defender365.core.mapping import CaseAlert
from defender365.hosts.cli import show

STDOUT = "-"


class Output:
    """Case alerts as JSON lines on a stream, or a line each for a person."""

    def __init__(
        self, stream: IO[str] | None, *, quiet: bool = False, lasting: bool = False
    ) -> None:
        self._stream = stream
        self._quiet = quiet
        self._lasting = lasting
        self._lines = CaseLines()

    def deliver(self, case: CaseAlert) -> None:
        """Hand over one case alert."""
        if self._stream is not None:
            self._stream.write(self._lines.line(case) + "\n")
        elif not self._quiet:
            severity = {80: "high", 60: "medium", 40: "low"}.get(case.priority, "info")
            name = show.cell_text(case.name)
            click.echo(f"incident {case.ticket_id:>8}  {severity:<6}  {name}")

    def flush(self) -> None:
        """Make what was handed over last, before the state says that it was."""
        if self._stream is not None:
            self._stream.flush()
            if self._lasting:
                os.fsync(self._stream.fileno())


def settled_name(name: str | None) -> str | None:
    """The output's name; a path that leads to our own stdout is `-`, as two writers would mix."""
    if name is None or name == STDOUT:
        return name
    try:
        ours = os.path.samestat(Path(name).stat(), os.fstat(sys.stdout.fileno()))
    except (OSError, ValueError, AttributeError):  # no such file, or a stdout that is none
        return name
    return STDOUT if ours else name


@contextmanager
def output_of(name: str | None, *, quiet: bool = False) -> Iterator[Output]:
    """The output of this name, closed at the end. Raises `BadInput` naming it when it fails.

    In a file, a line left half-written by a killed run is taken off: it was never delivered.
    A reader that went away (`BrokenPipeError`) is left to the caller.
    """
    if name is None:
        yield Output(None, quiet=quiet)
        return
    try:
        if name == STDOUT:
            yield Output(sys.stdout)
            return
        path = Path(name)
        lasting = not path.exists() or stat.S_ISREG(path.stat().st_mode)
        if lasting:
            drop_half_line(path)
        with path.open("a" if lasting else "w", encoding="ascii") as stream:
            yield Output(stream, lasting=lasting)
    except BrokenPipeError:
        raise
    except OSError as error:
        if error.filename not in {None, name}:  # another file's trouble
            raise
        shown = "Standard output" if name == STDOUT else name
        raise BadInput(f"{shown} cannot be written: {error.strerror}.") from None


def drop_half_line(path: Path) -> None:
    """Take off what stands behind the file's last line end."""
    if not path.is_file() or path.stat().st_size == 0:
        return
    with path.open("r+b") as file:
        end = at = file.seek(0, 2)
        while at > 0:
            start = max(0, at - (1 << 16))
            file.seek(start)
            newline = file.read(at - start).rfind(b"\n")
            if newline >= 0:
                at = start + newline + 1
                break
            at = start
        if at < end:
            file.truncate(at)

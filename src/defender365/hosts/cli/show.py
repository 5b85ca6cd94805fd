"""What people see (tables, colours, progress) and what programs read (one JSON object)."""

import json
import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import click

from defender365.actions.outcome import COMPLETED, Outcome
from defender365.core.spec import Table

MAX_CELL = 200
"""Characters of a cell that a terminal shows."""

MIN_COLUMN = 12
"""Below so many characters a column, a terminal shows each row by itself."""

WIDE = 1_000_000


def print_json(found: Any) -> None:
    """One JSON object on a line of its own on stdout."""
    click.echo(json.dumps(found, default=str))


def show_outcome(outcome: Outcome) -> None:
    """Message and tables for a person."""
    good = outcome.execution_state == COMPLETED
    colour = "green" if outcome.is_success else ("yellow" if good else "red")
    for table in outcome.tables:
        show_table(table)
    mark = "✓" if outcome.is_success else ("•" if good else "✗")
    click.echo(click.style(mark, fg=colour, bold=True) + " " + outcome.message)


def show_table(table: Table, stream: IO[str] | None = None) -> None:
    """The rows for a person; empty columns are left out, hostile text is shown as text.

    A terminal that is too narrow for the columns shows each row by itself. What is no terminal
    (a file, a pipe) gets every value whole, a row a line.
    """
    from rich.console import Console  # noqa: PLC0415  only people need it, and it costs 80 ms

    console = Console(file=stream or sys.stdout)
    full = [
        index
        for index, _ in enumerate(table.columns)
        if any(row[index] not in (None, "") for row in table.rows)
    ]
    if not console.is_terminal:
        console.width = WIDE
    if len(full) * MIN_COLUMN > console.width:
        _show_records(table, full, console)
    else:
        _show_columns(table, full, console)


def _show_columns(table: Table, full: list[int], console: Any) -> None:
    from rich import box  # noqa: PLC0415  as above
    from rich.table import Table as RichTable  # noqa: PLC0415  as above
    from rich.text import Text  # noqa: PLC0415  as above

    out = RichTable(title=table.name, box=box.SIMPLE_HEAD, title_justify="left")
    for index in full:
        out.add_column(Text(table.columns[index]), overflow="fold", min_width=6)
    limit = MAX_CELL if console.is_terminal else WIDE
    for row in table.rows:
        out.add_row(*(Text(cell_text(row[index], limit)) for index in full))
    console.print(out)


def _show_records(table: Table, full: list[int], console: Any) -> None:
    from rich.text import Text  # noqa: PLC0415  as above

    console.print(Text(table.name, style="italic"))
    names = max(len(table.columns[index]) for index in full)
    for count, row in enumerate(table.rows, start=1):
        console.print(Text(f"─ {count} of {len(table.rows)}", style="bold"))
        for index in full:
            if row[index] not in (None, ""):
                name = Text(f"  {table.columns[index]:<{names}}  ", style="dim")
                console.print(name + Text(cell_text(row[index])))


def cell_text(value: Any, limit: int = MAX_CELL) -> str:
    """A cell as one line of text: control characters shown, values longer than `limit` cut."""
    if isinstance(value, (dict, list)):
        text = json.dumps(value, ensure_ascii=False)
    else:
        text = "" if value is None else str(value)
    shown = "".join(c if c.isprintable() or c == " " else "�" for c in text)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


class Progress:
    """One line on stderr that says what is going on, once it takes longer than a second."""

    def __init__(self, words: str) -> None:
        self.words = words
        self._status: Any = None
        self._timer = threading.Timer(1.0, self._start)
        self._timer.daemon = True

    def say(self, words: str) -> None:
        """Change the line."""
        self.words = words
        if self._status is not None:
            self._status.update(words)

    def _start(self) -> None:
        from rich.console import Console  # noqa: PLC0415  only when it takes long

        self._status = Console(stderr=True).status(self.words)
        self._status.start()

    def __enter__(self) -> "Progress":
        if sys.stderr.isatty():
            self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        if self._status is not None:
            self._status.stop()


@contextmanager
def logging_to_stderr(verbosity: int) -> Iterator[None]:
    """Our own log on stderr: nothing, what is done (-v), or every request (-vv)."""
    log = logging.getLogger("defender365")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)-7s %(message)s"))
    level = {0: logging.WARNING, 1: logging.INFO}.get(verbosity, logging.DEBUG)
    log.addHandler(handler)
    log.setLevel(level)
    try:
        yield
    finally:
        log.removeHandler(handler)

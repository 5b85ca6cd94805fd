"""`defender-emulator load`: rows from a JSON Lines file into a table of a running emulator."""

import argparse
import http.client
import json
import ssl
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from defender_emulator.hunting.kinds import KINDS
from defender_emulator.row_lines import BadRows, Columns, Survey, batches, surveyed

BATCH = 5_000


class NotLoaded(Exception):
    """The rows are not there, or not all of them; the text says why."""


def arguments(given: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="defender-emulator load",
        description="Load rows into a table of a running emulator: a new table, one that was made"
        " this way before, or one of Microsoft's. Both hunting APIs then query it.",
    )
    parser.add_argument("table", metavar="TABLE", help="the table's name")
    parser.add_argument("rows", metavar="ROWS.jsonl", type=Path, help="one JSON object a line")
    parser.add_argument("--url", required=True, help="of the emulator: `url` of its first line")
    parser.add_argument("--ca-bundle", help="the CA to trust: `ca_bundle` of its first line")
    parser.add_argument(
        "--column", action="append", default=[], metavar="NAME:TYPE",
        help="a column of a new table and its type: bool, datetime, dynamic, guid, int, long, real,"
        " string, timespan or decimal; may be repeated. Others are inferred from all rows.",
    )  # fmt: skip
    return parser.parse_args(given)


class Control:
    """The control API of an emulator."""

    def __init__(self, url: str, ca_bundle: str | None) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname:
            raise NotLoaded(f"--url {url!r} is no https address.")
        try:
            context = ssl.create_default_context(cafile=ca_bundle)
            port = parts.port
        except (OSError, ValueError) as error:
            raise NotLoaded(f"The emulator cannot be reached: {error}.") from None
        self._url = url
        self._connection = http.client.HTTPSConnection(
            parts.hostname, port, context=context, timeout=600
        )

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Ask for something. Raises `NotLoaded` with what the emulator says."""
        sent = None if body is None else json.dumps(body).encode()
        try:
            self._connection.request(method, f"/_emulator/{path}", sent)
            answer = self._connection.getresponse()
            text = answer.read()
            self._connection.close()  # an idle one would be closed by the other side
        except (OSError, http.client.HTTPException) as error:
            raise NotLoaded(f"{self._url} does not answer: {error!r}.") from None
        try:
            told = json.loads(text)
        except ValueError:
            raise NotLoaded(f"{self._url} is no emulator: it answers {answer.status}.") from None
        if answer.status != 200:
            raise NotLoaded(str(told.get("error", told)))
        return told

    def close(self) -> None:
        """End the connection."""
        self._connection.close()


def main(given: list[str]) -> int:
    """Load, and say what was loaded; 1 if it was not."""
    told = arguments(given)
    try:
        control = Control(told.url, told.ca_bundle)
        try:
            load(control, told.table, told.rows, _columns(told.column))
        finally:
            control.close()
    except NotLoaded as error:
        sys.stderr.write(f"defender-emulator load: {error}\n")
        return 1
    return 0


def load(control: Control, table: str, path: Path, given: Columns) -> None:
    """Check every row, then send them in batches. Raises `NotLoaded`."""
    known = _known(control, table)
    for name, kind in given.items():
        if known is not None and known.get(name) != kind:
            raise NotLoaded(f"{table} is there and has no column {name}:{kind}.")
    survey = _surveyed(path, given if known is None else known, closed=known is not None)
    columns = survey.columns()
    if not columns:
        raise NotLoaded(f"{path} has no rows, and no --column is given.")
    if inferred := {} if survey.closed else survey.inferred():
        _say(f"Types inferred: {', '.join(f'{name}:{kind}' for name, kind in inferred.items())}")
    shape = [{"name": name, "type": kind} for name, kind in columns.items()]
    where, sent = f"tables/{quote(table, safe='')}", 0
    for rows in batches(path, columns, BATCH) if survey.rows else ([],):
        try:
            control.call("POST", where, {"columns": shape, "rows": rows})
        except NotLoaded as error:
            raise NotLoaded(f"{error}\n{sent:,} of {survey.rows:,} rows were loaded.") from None
        sent += len(rows)
    _say(f"Loaded {sent:,} rows into {table}.")


def _known(control: Control, table: str) -> Columns | None:
    for found in control.call("GET", "tables?rows=false")["tables"]:
        if found["name"] == table:
            return {column["name"]: column["type"] for column in found["columns"]}
    return None


def _surveyed(path: Path, given: Columns, *, closed: bool) -> Survey:
    try:
        return surveyed(path, given, closed=closed)
    except OSError as error:
        raise NotLoaded(f"{path} cannot be read: {error.strerror}.") from None
    except BadRows as error:
        raise NotLoaded(f"{path} was not loaded.\n{error}") from None


def _columns(written: list[str]) -> Columns:
    columns: Columns = {}
    for text in written:
        name, colon, kind = text.rpartition(":")
        if not colon or kind not in KINDS:
            raise NotLoaded(f"--column {text!r} is no NAME:TYPE with one of {', '.join(KINDS)}.")
        columns[name] = kind
    return columns


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")

"""What is sent to the process before a query: new rows, and new alerts with their evidence.

Alerts may share evidence, and a tenant may have very many of them. So evidence goes as heads (one
for each alert), entities (one for each evidence that differs) and links between the two; the rows
of AlertEvidence are joined from them where the tables are.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from defender_emulator.hunting.alert_rows import (
    alert_info,
    devices_of,
    entity_row,
    evidence_head,
    is_device,
)
from defender_emulator.hunting.schema import TABLES
from defender_emulator.scenario import Json, RowLogged

BATCH = 5_000
Row = dict[str, Any]


def row_messages(rows: Iterable[RowLogged]) -> Iterator[Json]:
    """Messages that add rows, a limited number each."""
    held: dict[str, list[Row]] = {}
    count = 0
    for logged in rows:
        held.setdefault(logged.table, []).append(dict(logged.row))
        count += 1
        if count == BATCH:
            yield {"insert": [_part(table, found) for table, found in held.items()]}
            held, count = {}, 0
    if held:
        yield {"insert": [_part(table, found) for table, found in held.items()]}


def alert_messages(alerts: list[tuple[datetime, Json]]) -> Iterator[Json]:
    """Messages that add what the tables say about alerts."""
    for at in range(0, len(alerts), BATCH):
        batch = alerts[at : at + BATCH]
        infos = [alert_info(alert, seen) for seen, alert in batch]
        yield {"insert": [_part("AlertInfo", infos)], "evidence": _evidence(batch)}


def _evidence(alerts: list[tuple[datetime, Json]]) -> list[Any]:
    heads: list[Row] = []
    entities: list[Row] = []
    links: list[tuple[int, int]] = []
    known: dict[tuple[int, ...], int] = {}
    for seen, alert in alerts:
        evidences = alert.get("evidence") or ()
        around = tuple(id(evidence) for evidence in evidences if is_device(evidence))
        for evidence in evidences:
            key = (id(evidence), *around)
            if key not in known:
                known[key] = len(entities)
                entities.append(entity_row(evidence, devices_of(alert)))
            links.append((len(heads), known[key]))
        heads.append(evidence_head(alert, seen))
    return [_numbered(heads), _numbered(entities), json.dumps(links)]


def _numbered(rows: list[Row]) -> tuple[list[str], str]:
    _, columns, _ = _part("AlertEvidence", rows)
    return columns, json.dumps([{**row, "n": n} for n, row in enumerate(rows)])


def _part(table: str, rows: list[Row]) -> tuple[str, list[str], str]:
    """Rows with the columns that any of them has; columns that the table lacks are left out."""
    used = {column for row in rows for column in row}
    columns = [name for name, _ in TABLES[table] if name in used]
    return table, columns, json.dumps(rows)

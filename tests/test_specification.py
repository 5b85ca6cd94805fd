"""Walks the specification's tables row by row against the declarations."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from defender365.actions import ACTIONS
from defender365.core.connector_params import ConnectorParams
from defender365.core.settings import Settings
from defender365.core.spec import Kind, Param, params_of

TEXT = (Path(__file__).parent / "specification" / "microsoft-365-defender-v12.txt").read_text()
HEADER = "Parameter Display Name Type Default Value Is Mandatory Description\n"
ENDS = ("\nRun on", "\nRun On", "\nActions\n", "\nConnector Rules")
ROW = re.compile(
    r"^(?P<name>[A-Z][A-Za-z ()]*?) (?P<kind>String|Integer|Password|Checkbox|DDL|CSV)\b(?! Password) ?",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Row:
    table: str
    name: str
    kind: str
    default: str
    choices: str
    mandatory: bool
    description: str


def tables() -> list[Row]:
    rows = []
    sections = [("Integration", "Integration parameters\n")]
    sections += [(action.name, f"\n{action.name}\n\nDescription\n") for action in ACTIONS]
    sections += [("Connector", "Connector parameters\n")]
    for name, opening in sections:
        assert opening in TEXT, name
        section = TEXT[TEXT.index(opening) + len(opening) :]
        following = section.find("\nDescription\n")
        if following > 0:
            section = section[:following]
        if HEADER not in section:
            assert name == "Ping"
            continue
        table = section[section.index(HEADER) + len(HEADER) :]
        end = min((table.index(e) for e in ENDS if e in table), default=len(table))
        rows.extend(rows_of(name, table[:end]))
    return rows


def rows_of(table: str, text: str) -> list[Row]:
    found = list(ROW.finditer(text))
    ends = [match.start() for match in found[1:]] + [len(text)]
    return [
        row_of(table, match["name"], match["kind"], " ".join(text[match.end() : end].split()))
        for match, end in zip(found, ends, strict=True)
    ]


def row_of(table: str, name: str, kind: str, rest: str) -> Row:
    split = re.search(r"(?:^|(?<= ))(Yes|No) (?=[A-Z])", rest)
    assert split is not None, (table, name, rest)
    before, _, choices = rest[: split.start()].partition("Possible Values:")
    default = before.strip().strip('"').removeprefix("N/A")
    return Row(table, name, kind, default, choices.strip(), split[1] == "Yes", rest[split.end() :])


ROWS = tables()


def declared(table: str) -> dict[str, Param]:
    cls: type = {"Integration": Settings, "Connector": ConnectorParams}.get(table) or next(
        action.params for action in ACTIONS if action.name == table
    )
    return {p.name: p for p in params_of(cls).values()}


def test_every_table_of_the_specification_was_found():
    counts: dict[str, int] = {}
    for row in ROWS:
        counts[row.table] = counts.get(row.table, 0) + 1
    assert counts == {
        "Integration": 5, "Add Comment To Incident": 2, "Execute Custom Query": 2,
        "Execute Entity Query": 16, "Execute Query": 9, "Update Incident": 5, "Connector": 22,
    }  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.table}: {row.name}")
def test_a_row_of_the_specification_is_declared_as_it_says(row):
    params = declared(row.table)
    assert row.name in params
    found = params[row.name]
    assert found.kind.value == row.kind
    assert found.mandatory is row.mandatory
    if found.kind is Kind.CHECKBOX:
        assert found.default is (row.default in {"Checked", "True"})
    else:
        assert str(found.default if found.default is not None else "") == row.default
    if found.kind is Kind.CHOICE:
        joined = [" ".join(found.choices[:n]) for n in range(1, len(found.choices) + 1)]
        assert row.choices in joined
    first = re.split(r"(?<=[a-z])\.(?: |$|[A-Z])", row.description)[0]
    assert first.split("Possible")[0].strip() in found.description


@pytest.mark.parametrize("table", sorted({row.table for row in ROWS}))
def test_what_is_not_in_the_specification_is_marked_as_ours_and_comes_after(table):
    specified = [row.name for row in ROWS if row.table == table]
    names = list(declared(table))
    if table == "Integration":
        ours = [p for n, p in declared(table).items() if n not in specified]
        proxies = {"Proxy Server Address", "Proxy Username", "Proxy Password"}
        assert all(p.advanced or p.name in proxies for p in ours)
        assert names[: len(specified)] == specified
    else:
        assert names == specified


def test_the_actions_are_the_specifications():
    assert [action.name for action in ACTIONS] == [
        "Add Comment To Incident", "Execute Custom Query", "Execute Entity Query",
        "Execute Query", "Ping", "Update Incident",
    ]  # fmt: skip


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_an_action_is_described_in_the_specifications_words(action):
    opening = f"\n{action.name}\n\nDescription\n\n"
    words = " ".join(TEXT[TEXT.index(opening) + len(opening) :].split("\n\n")[0].split())
    assert action.description.split(".")[0].split(" with ")[0] in words

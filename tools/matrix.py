"""Runs every loop in every situation and writes the fault matrix into docs/connector.md.

`python -m tools.matrix --write` writes it, `--check` fails when it is not what is measured. All of
it happens in virtual time, so two runs measure the same. The catch-up after an outage, which takes
longer, is measured with `--write` and with `--check --full`.
"""

import difflib
import logging
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.matrix.catch_up import FULL, CaughtUp, catch_up
from tests.matrix.rows import GROUPS, SITUATIONS
from tests.matrix.run import LOOPS, Cell, measure, serving

PAGE = Path(__file__).resolve().parent.parent / "docs" / "connector.md"
MARK = "<!-- matrix -->"
CATCH_UP = "<!-- catch-up -->"
WORKERS = 2


def row(position: int) -> list[Cell]:
    """What came of one situation, for each loop."""
    logging.disable(logging.CRITICAL)
    with serving() as emulator:
        return [measure(emulator, SITUATIONS[position], kind.name) for kind in LOOPS]


def table() -> str:
    """The whole matrix."""
    with ProcessPoolExecutor(WORKERS) as pool:
        cells = dict(zip(SITUATIONS, pool.map(row, range(len(SITUATIONS))), strict=True))
    names = [kind.name for kind in LOOPS]
    parts = []
    for heading, group in GROUPS:
        parts.append(f"| {heading} | {' | '.join(names)} |\n|---|{'---|' * len(names)}")
        for situation in group:
            words = " | ".join(cell.words() for cell in cells[situation])
            parts.append(f"| *{situation.name}.* {situation.sentence} | {words} |")
        parts.append("")
    return "\n".join(parts)


def drained(name: str) -> CaughtUp:
    """How one loop comes back from a day's outage."""
    logging.disable(logging.CRITICAL)
    with serving() as emulator:
        return catch_up(emulator, FULL, name)


def catch_up_table() -> str:
    """How each loop comes back."""
    names = [kind.name for kind in LOOPS]
    with ProcessPoolExecutor(WORKERS) as pool:
        found = list(pool.map(drained, names))
    lines = [
        "| loop | lost | twice | requests | drained in | a new one waits |",
        "|---|---|---|---|---|---|",
    ]
    lines += [f"| {name} | {each.words()} |" for name, each in zip(names, found, strict=True)]
    return "\n".join(lines) + "\n"


def put(page: str, mark: str, text: str) -> str:
    """The page with this text between its two marks. Raises ValueError without them."""
    head, _, tail = page.split(mark)
    return f"{head}{mark}\n\n{text}\n{mark}{tail}"


def main() -> int:
    """Write or check."""
    old = PAGE.read_text(encoding="utf-8")
    new = put(old, MARK, table())
    if {"--write", "--full"} & set(sys.argv[1:]):
        new = put(new, CATCH_UP, catch_up_table())
    if "--write" in sys.argv[1:]:
        PAGE.write_text(new, encoding="utf-8")
        return 0
    print(
        "\n".join(difflib.unified_diff(old.splitlines(), new.splitlines(), "written", "measured"))
    )
    return int(old != new)


if __name__ == "__main__":
    sys.exit(main())

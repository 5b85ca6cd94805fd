"""Writes COVERAGE.md from the routes; `--check` compares instead."""

import sys
from pathlib import Path

from defender_emulator.app import SIGN_IN
from defender_emulator.control import CONTROLS
from defender_emulator.routes import ROUTES

PAGE = Path(__file__).resolve().parents[2] / "COVERAGE.md"


def page() -> str:
    """The page."""
    lines = [
        "# What the emulator covers\n",
        "Written by `python -m defender_emulator.coverage --write` from the routes; do not edit."
        " Anything else answers 501 and names itself.\n",
        "## Entra ID\n", "| method | path | what |", "|---|---|---|",
        *(f"| {method} | `{path}` | {what} |" for method, path, what in SIGN_IN),
        "\n## Graph security and the Defender API\n",
        "| name | method | path | permissions (one of) | quota | options |", "|---|---|---|---|---|---|",
        *(
            f"| {r.name} | {r.method} | `{r.path}` | {', '.join(r.roles)} | {r.quota} | {r.note} |"
            for r in ROUTES
        ),
        "\n## Control\n", "| method | path | what |", "|---|---|---|",
        *(
            f"| {method} | `/_emulator/{path}` | {(run.__doc__ or '').strip().splitlines()[0]} |"
            for method, path, run in CONTROLS
        ),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Write or compare."""
    if arguments == ["--write"]:
        PAGE.write_text(page(), encoding="utf-8")
        return 0
    if arguments == ["--check"]:
        old = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
        if old == page():
            return 0
        sys.stderr.write("emulator/COVERAGE.md is not what the routes say: run make derive\n")
        return 1
    sys.stderr.write("usage: python -m defender_emulator.coverage --write|--check\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

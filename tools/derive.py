"""Writes what is derived from the code.

That is docs/reference.md, the Google package's example results, and the emulator's COVERAGE.md.

`--check` writes nothing and fails when a committed file differs from what the code says.
"""

import difflib
import subprocess
import sys
from pathlib import Path

from defender365.actions import ACTIONS
from defender365.core import errors
from defender365.core.connector_params import DESCRIPTION, NAME, ConnectorParams
from defender365.core.settings import Settings
from defender365.core.spec import Kind, Param, params_of
from tools.examples import recorded

ROOT = Path(__file__).resolve().parent.parent


def reference() -> str:
    """The reference page."""
    parts = [
        "# Reference\n",
        "Written by `tools/derive.py` from the declarations; do not edit.\n",
        "## Connection settings\n",
        "Set them as variables, in the profile, or with `defender365 configure`. Those marked"
        " *ours* are not in the specification.\n",
        settings_table(),
        "## Actions\n",
    ]
    for action in ACTIONS:
        parts.append(f"### {action.name}\n")
        parts.append(f"{action.description}\n")
        parts.append(f"`defender365 {action.command}`\n")
        declarations = tuple(params_of(action.params).values())
        if declarations:
            parts.append(parameter_table(declarations))
        if action.entities:
            parts.append(f"Runs on entities: {', '.join(action.entities)}.\n")
        if action.changes:
            parts.append(f"{action.changes}\n")
    parts.append(f"## Connector: {NAME}\n")
    parts.append(f"{DESCRIPTION}\n")
    parts.append("`defender365 connector run`\n")
    parts.append(parameter_table(tuple(params_of(ConnectorParams).values())))
    parts.append("## Errors\n")
    parts.append(errors_table())
    return "\n".join(parts)


def settings_table() -> str:
    """Settings with their variables."""
    lines = ["| setting | variable | default | what |", "|---|---|---|---|"]
    for declaration in params_of(Settings).values():
        ours = " *ours*" if declaration.advanced else ""
        lines.append(
            f"| {declaration.name}{ours} | `DEFENDER365_{declaration.variable}` |"
            f" {default_of(declaration)} | {words(declaration)} |"
        )
    return "\n".join(lines) + "\n"


def parameter_table(declarations: tuple[Param, ...]) -> str:
    """Parameters with their options."""
    lines = [
        "| parameter | option | type | default | mandatory | what |",
        "|---|---|---|---|---|---|",
    ]
    for declaration in declarations:
        option = f"--{declaration.option}"
        if declaration.kind is Kind.CHECKBOX:
            option += f"/--no-{declaration.option}"
        mandatory = "yes" if declaration.mandatory else "no"
        lines.append(
            f"| {declaration.name} | `{option}` | {declaration.kind.value} |"
            f" {default_of(declaration)} | {mandatory} | {words(declaration)} |"
        )
    return "\n".join(lines) + "\n"


def errors_table() -> str:
    """Every error family and what its docstring says."""
    lines = ["| error | what |", "|---|---|"]
    for name, kind in vars(errors).items():
        if isinstance(kind, type) and issubclass(kind, errors.Defender365Error):
            first = (kind.__doc__ or "").strip().splitlines()[0]
            lines.append(f"| `{name}` | {first} |")
    return "\n".join(lines) + "\n"


def default_of(declaration: Param) -> str:
    """The default as a table cell."""
    if declaration.kind is Kind.CHECKBOX:
        return "on" if declaration.default else "off"
    return "" if declaration.default in (None, "") else f"`{declaration.default}`"


def words(declaration: Param) -> str:
    """The description, with the choices."""
    text = declaration.description.replace("|", "\\|").replace(".*", "`.*`")
    if declaration.choices:
        text += f" Choices: {', '.join(declaration.choices)}."
    return text


def main() -> int:
    """Write or check."""
    checking = "--check" in sys.argv[1:]
    examples = ROOT / "src/defender365/hosts/google_package/examples"
    derived = {ROOT / "docs" / "reference.md": reference()}
    derived |= {examples / f"{name}.json": text for name, text in recorded().items()}
    status = 0
    for path, new in derived.items():
        if not checking:
            path.write_text(new, encoding="utf-8")
        elif differs(path, new):
            status = 1
    option = "--check" if checking else "--write"
    coverage = [sys.executable, "-m", "defender_emulator.coverage", option]
    return subprocess.run(coverage, check=False).returncode or status


def differs(path: Path, new: str) -> bool:
    """Tell how a committed file differs from what the code says, if it does."""
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    if old == new:
        return False
    print(
        "\n".join(difflib.unified_diff(old.splitlines(), new.splitlines(), "committed", "derived"))
    )
    print(f"{path.relative_to(ROOT)} is not what the code says: run make derive", file=sys.stderr)
    return True


if __name__ == "__main__":
    sys.exit(main())

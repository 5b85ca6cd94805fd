"""Hunting's files: the library of named hunts, and the schema of advanced hunting.

Both come with the package and may be added to by the user: hunts in a folder, the schema by what a
tenant answered to `getschema`.
"""

import json
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path

from defender365.core.errors import BadInput
from defender365.core.named_hunts import NamedHunt, read_hunt
from defender365.stores.files import TextFile

_DATA = files("defender365.stores") / "data"

Schema = dict[str, dict[str, str]]


def named_hunts(folder: Path, skipped: Callable[[str], object]) -> dict[str, NamedHunt]:
    """The hunts by name: ours, and over them the user's. `skipped` is told of each bad file."""
    found = {
        item.name.removesuffix(".kql"): item.read_text(encoding="utf-8")
        for item in (_DATA / "hunts").iterdir()
        if item.name.endswith(".kql")
    }
    hunts = {name: read_hunt(name, text) for name, text in found.items()}
    for path in sorted(folder.glob("*.kql")):
        try:
            hunts[path.stem] = read_hunt(path.stem, path.read_text(encoding="utf-8-sig"))
        except (OSError, UnicodeDecodeError, BadInput) as error:
            why = error if isinstance(error, BadInput) else "it is no UTF-8 text that can be read"
            skipped(f"The hunt {path} is left out: {why}")
    return {name: hunts[name] for name in sorted(hunts)}


def builtin_schema() -> Schema:
    """The tables of advanced hunting with their columns and KQL types, as documented."""
    found: Schema = json.loads((_DATA / "hunting-schema.json").read_text(encoding="utf-8"))
    return found


class SchemaFile:
    """What a tenant said of its tables, beside what is documented."""

    def __init__(self, path: Path, warn: Callable[[str], object]) -> None:
        """`warn` is told when the file is there and cannot be used."""
        self._file = TextFile(path)
        self._warn = warn

    def known(self) -> Schema:
        """The documented schema with the tenant's own tables and columns added."""
        schema = builtin_schema()
        for table, columns in self._read().items():
            schema[table] = schema.get(table, {}) | columns
        return schema

    def add(self, tables: Mapping[str, Mapping[str, str]]) -> None:
        """Keep what a tenant answered. Raises OSError."""
        kept = self._read()
        for table, columns in tables.items():
            kept[table] = dict(columns)
        self._file.write(json.dumps(kept, indent=1))

    def _read(self) -> Schema:
        try:
            text = self._file.read()
            found = json.loads(text) if text.strip() else {}
            return {str(t): {str(c): str(k) for c, k in cols.items()} for t, cols in found.items()}
        except (OSError, ValueError, AttributeError):
            self._warn(
                f"The schema file {self._file.path} cannot be read, so only the documented tables are"
                " known. Ask the tenant again for yours: defender365 hunt schema TABLE --refresh"
            )
            return {}

"""Hunting's files: the library of named hunts, and the schema of advanced hunting.

Both come with the package and may be added to by the user: hunts in a folder, the schema by what a
tenant answered to `getschema`.
"""

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from defender365.core.errors import BadInput
from defender365.core.named_hunts import NamedHunt, read_hunt
from defender365.stores.files import TextFile

_DATA = files("defender365.stores") / "data"

Schema = dict[str, dict[str, str]]


def named_hunts(folder: Path) -> dict[str, NamedHunt]:
    """The hunts by name: ours, and over them the user's. Raises `BadInput` for a bad file."""
    found = {
        item.name.removesuffix(".kql"): item.read_text(encoding="utf-8")
        for item in (_DATA / "hunts").iterdir()
        if item.name.endswith(".kql")
    }
    for path in sorted(folder.glob("*.kql")):
        try:
            found[path.stem] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            kind = type(error).__name__
            raise BadInput(f"The hunt {path} cannot be read ({kind}).") from None
    return {name: read_hunt(name, found[name]) for name in sorted(found)}


def builtin_schema() -> Schema:
    """The tables of advanced hunting with their columns and KQL types, as documented."""
    found: Schema = json.loads((_DATA / "hunting-schema.json").read_text(encoding="utf-8"))
    return found


class SchemaFile:
    """What a tenant said of its tables, beside what is documented."""

    def __init__(self, path: Path) -> None:
        self._file = TextFile(path)

    def known(self) -> Schema:
        """The documented schema with the tenant's own tables and columns added.

        Raises `BadInput` when the file is there and cannot be used.
        """
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
        except (OSError, UnicodeDecodeError, ValueError, AttributeError):
            raise BadInput(
                f"The schema file {self._file.path} cannot be read. Remove it, and refresh it with:"
                " defender365 hunt schema --refresh"
            ) from None

"""Writes the package: the source form in a folder, and the ZIP to import."""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from defender365.core.errors import BadInput
from defender365.hosts.google_package import wheels
from defender365.hosts.google_package.built import built_form
from defender365.hosts.google_package.identity import Identity
from defender365.hosts.google_package.source import Files, pyproject, source_form

MAX_ZIP = 8 * 1024 * 1024
"""The size we promise for the ZIP, with all wheels."""


@dataclass(frozen=True)
class Packager:
    """Makes one package; `say` tells a person what is being done."""

    identity: Identity
    output: Path
    index: str
    say: Callable[[str], None]

    def zip_file(self) -> Path:
        """Write the importable ZIP, and return its path."""
        self.say("Downloading the dependencies' wheels …")
        found = wheels.dependencies(self.index)
        name, content = wheels.own_wheel()
        found[name] = content
        packed = wheels.archive(
            built_form(self.identity) | {f"Dependencies/{n}": data for n, data in found.items()}
        )
        if len(packed) > MAX_ZIP:
            raise BadInput(
                f"The ZIP has {len(packed):,} bytes, more than the {MAX_ZIP:,} promised."
            )
        path = self.output / f"{self.identity.identifier}.zip"
        path.write_bytes(packed)
        return path

    def source_folder(self, uv: str) -> Path:
        """Write the source form with its lock file, and return its folder.

        `uv` is the tool that makes the lock file; it asks the index, and GitHub for Google's SDK.
        """
        name, content = wheels.own_wheel()
        shown = wheels.without_password(self.index)
        found = source_form(self.identity)
        found["pyproject.toml"] = pyproject(self.identity, name, shown, wheels.pins())
        found[f"wheels/{name}"] = content
        folder = self.output / self.identity.folder
        _check_ours(folder, self.identity.identifier)
        with tempfile.TemporaryDirectory(dir=self.output, prefix=".new-") as making:
            made = Path(making) / folder.name
            _write(made, found)
            self.say("Resolving the lock file …")
            trouble = "the lock file could not be made"
            wheels.run([uv, "lock"], trouble, made, UV_DEFAULT_INDEX=self.index)
            if folder.exists():
                shutil.rmtree(folder)
            made.rename(folder)
        return folder


def _check_ours(folder: Path, identifier: str) -> None:
    """Raise `BadInput` for a folder that is not this integration's: it would be replaced."""
    if not folder.exists():
        return
    try:
        first = (folder / "definition.yaml").read_text(encoding="utf-8").splitlines()[0]
    except (OSError, UnicodeDecodeError, IndexError):
        first = ""
    if first != f"identifier: {identifier}":
        raise BadInput(
            f'{folder} exists and is not the integration "{identifier}". Give another --output.'
        )


def _write(folder: Path, files: Files) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

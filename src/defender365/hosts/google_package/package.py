"""Writes the package: the source form in a folder, and the ZIP to import."""

import shutil
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
        found = source_form(self.identity)
        found["pyproject.toml"] = pyproject(self.identity, name, self.index, wheels.pins())
        found[f"wheels/{name}"] = content
        folder = self.output / self.identity.folder
        _write(folder, found)
        self.say("Resolving the lock file …")
        wheels.run([uv, "lock"], "the lock file could not be made", folder)
        return folder


def _write(folder: Path, files: Files) -> None:
    """Replace the folder's content, if it is a package of ours or new."""
    if folder.exists() and not (folder / "definition.yaml").is_file():
        raise BadInput(f"{folder} exists and is no integration. Give another --output.")
    shutil.rmtree(folder, ignore_errors=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

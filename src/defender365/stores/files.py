"""Text kept in files that only their owner can read, replaced whole or not at all."""

import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from defender365.core.errors import BadInput, StateUnreadable


class TextFile:
    """One text in one file; a reader sees the old text or the new, never a mixture."""

    def __init__(self, path: Path, mode: int = 0o600) -> None:
        self.path = path
        self._mode = mode

    def read(self) -> str:
        """The text; empty when there is no file yet. Raises OSError or UnicodeDecodeError."""
        try:
            return self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""

    def write(self, text: str) -> None:
        """Replace the text, for good: it is on the disk when this returns. Raises OSError."""
        name = self._beside(text)
        try:
            name.replace(self.path)
        except BaseException:
            name.unlink(missing_ok=True)
            raise
        _sync(self.path.parent)

    def try_to_write(self, text: str) -> None:
        """Write a text beside the file and remove it. Raises OSError where `write` would."""
        self._beside(text).unlink()

    def sweep(self) -> None:
        """Remove what killed processes left beside the file; only for who holds the file alone."""
        ours = re.compile(re.escape(f".{self.path.name}.") + "[a-z0-9_]{8}")
        for left in self.path.parent.iterdir():
            if ours.fullmatch(left.name):
                with suppress(OSError):
                    left.unlink()

    def _beside(self, text: str) -> Path:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            if self._mode != 0o600:
                Path(name).chmod(self._mode)
        except BaseException as error:
            Path(name).unlink(missing_ok=True)
            if isinstance(error, OSError):  # a failed write names no file
                raise OSError(error.errno, error.strerror, str(self.path)) from None
            raise
        return Path(name)


def _sync(folder: Path) -> None:
    """Make a change of names last; a folder that cannot be opened or synced (Windows) is left."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class StateFile(TextFile):
    """The connector's state in a file, used by one run at a time."""

    def read(self) -> str:
        """The text; empty when there is no file.

        Raises `StateUnreadable` when the file is there and cannot be read, or is empty: we never
        write an empty one, so somebody else emptied it, and starting afresh could lose incidents.
        """
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError) as error:
            kind = type(error).__name__
            raise StateUnreadable(
                f"The state file {self.path} cannot be read ({kind}). Nothing was changed."
            ) from None
        if not text.strip():
            raise StateUnreadable(
                f"The state file {self.path} is empty. Nothing was changed. Restore it from a"
                " backup, or remove it to start afresh (Max Hours Backwards back from now)."
            )
        return text

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the state for one run. Raises `BadInput` when another run holds it."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = self.path.with_name(self.path.name + ".lock")
        with lock.open("a") as file:
            if not _try_lock(file.fileno()):
                raise BadInput(
                    f"Another run is using the state file {self.path}. Wait for it, or give this"
                    " run a --state of its own."
                )
            self.sweep()
            yield


_DAY = 86_400


class SpentFile:
    """The times of recent requests by budget, shared by a user's processes as well as they can be.

    It only makes what is said of a quota true; a file that cannot be read or written is no matter.
    """

    def __init__(self, path: Path) -> None:
        self._file = TextFile(path)

    def read(self) -> dict[str, list[float]]:
        """The times in seconds since 1970 UTC; nothing where there are none."""
        try:
            found = json.loads(self._file.read() or "{}")
            return {str(name): [float(t) for t in times] for name, times in found.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def add(self, spent: Mapping[str, list[float]]) -> None:
        """Keep these times beside those that other processes have kept; none older than a day."""
        kept = self.read()
        merged = {
            name: sorted({*kept.get(name, ()), *spent.get(name, ())}) for name in (*kept, *spent)
        }
        newest = max((times[-1] for times in merged.values() if times), default=0.0)
        recent = {n: [t for t in times if t > newest - _DAY] for n, times in merged.items()}
        with suppress(OSError):
            self._file.write(json.dumps(recent))


def _try_lock(descriptor: int) -> bool:
    try:
        import fcntl  # noqa: PLC0415  POSIX only
    except ImportError:  # pragma: no cover  Windows
        return _try_lock_on_windows(descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _try_lock_on_windows(descriptor: int) -> bool:  # pragma: no cover  no machine of ours
    import msvcrt  # noqa: PLC0415  Windows only

    try:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    except OSError:
        return False
    return True


def read_profile(path: Path) -> dict[str, Any]:
    """The settings of a profile file: TOML, or a JSON object; nothing when there is no file.

    Raises `BadInput` when the file is there and cannot be used.
    """
    try:
        text = TextFile(path).read()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"The profile {path} cannot be read ({type(error).__name__}).") from None
    import tomllib  # noqa: PLC0415  only a host with a profile reads one

    try:
        found = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except ValueError as error:
        where = re.search(r"line \d+, column \d+", str(error))
        at = f" ({where[0]})" if where else ""
        raise BadInput(f"The profile {path} is neither TOML nor JSON{at}.") from None
    return dict(found)


def write_profile(path: Path, values: Mapping[str, str | bool]) -> None:
    """Write a profile as TOML, readable by its owner only. Raises OSError."""
    lines = ["# Settings of Defender365. Keep this file to yourself.\n"]
    lines.extend(f"{key} = {json.dumps(value)}\n" for key, value in values.items())
    TextFile(path).write("".join(lines))

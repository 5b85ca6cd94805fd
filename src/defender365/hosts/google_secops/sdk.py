"""Google's SDK: where it is, how to ask it, and what to say when it cannot answer.

It has no types and two layouts (modules beside each other on the platform, a package elsewhere),
takes over stdout when it is imported, and raises bare `Exception`s.
"""

import json
import logging
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from defender365.core.errors import BadInput

COMPLETED, FAILED = 0, 2
"""The platform's execution states; a failed action stops its playbook."""

ERROR_ROW = 3
"""The platform's level of an ERROR among a connector's log rows."""


def module(name: str) -> Any:
    """A module of the SDK, wherever it is."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
    package = import_module("soar_sdk")
    folder = str(Path(next(iter(package.__path__))))
    if folder not in sys.path:
        sys.path.append(folder)  # its modules import each other by their bare names
    return import_module(name)


def real_stdout() -> Any:
    """Where the result goes; `sys.stdout` is the SDK's."""
    return sys.__stdout__


def write_result(result: dict[str, Any]) -> None:
    """A result for which there is no SDK to report through."""
    real_stdout().write(json.dumps(result))
    real_stdout().flush()


def fail(message: str) -> NoReturn:
    """End with exit code 1 and one line on stderr."""
    sys.stderr.write(message + "\n")
    sys.exit(1)


def unexpected(error: BaseException) -> str:
    """Words for what should not happen: the kind of error and where, never its values."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    return f"an unexpected error ({type(error).__name__}{where}). Please report it."


def asked(what: str, ask: Callable[[], Any]) -> Any:
    """What the platform answers. Raises `BadInput` with its own words, cut short."""
    try:
        return ask()
    except Exception as error:  # noqa: BLE001  the SDK raises Exception itself
        raise BadInput(f"the platform did not give {what}: {str(error)[:300]}") from None


class _ToSiemplify(logging.Handler):
    """Our log lines, in the platform's log."""

    def __init__(self, logger: Any) -> None:
        super().__init__(logging.INFO)
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        write = self._logger.info if record.levelno < logging.WARNING else self._logger.warn
        write(record.getMessage())


def log_to(logger: Any) -> None:
    """Send what the library logs to the platform's log."""
    ours = logging.getLogger("defender365")
    ours.setLevel(logging.INFO)
    ours.propagate = False
    ours.addHandler(_ToSiemplify(logger))

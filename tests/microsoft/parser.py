"""Microsoft's own KQL parser (npm `@kusto/language-service-next`), in a process of Node."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / ".venv/kusto/node_modules/@kusto/language-service-next"
FILES = {
    "bridge.min.js": "5edc505e5634daf2922197797740180d587d15b5f0f505c95ad7b5dd6b5daae8",
    "Kusto.Language.Bridge.min.js": "3a96a4ac1bff095ba49d6606e7d591f5d00519b529c51a6850032f62b0960a86",
}
"""The two files that the parser is, and the SHA-256 of the version that was read and tried."""


def missing() -> str:
    """Why the parser cannot be asked here; empty when it can."""
    if shutil.which("node") is None:
        return "Node is not installed"
    for name, digest in FILES.items():
        path = FOLDER / name
        if not path.is_file():
            return f"{name} is not installed: make setup does it where npm is"
        if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            return f"{name} is not the version that was tried"
    return ""


class Parser:
    """Asks Microsoft's parser, with a schema; many queries in one process."""

    def __init__(self, schema: dict[str, dict[str, str]]) -> None:
        self._process = subprocess.Popen(
            ["node", str(Path(__file__).parent / "parser.js"), str(FOLDER)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8",
        )  # fmt: skip
        self._tell({"schema": schema})

    def ask(self, query: str) -> dict[str, Any]:
        """Errors, tokens (kind, text, trivia), values of the string literals, columns of the result."""
        self._tell({"query": query})
        assert self._process.stdout
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found

    def close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(timeout=20)
        self._process.stdout.close()

    def _tell(self, told: dict[str, Any]) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(told) + "\n")
        self._process.stdin.flush()

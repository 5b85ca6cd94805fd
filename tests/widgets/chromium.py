"""Opens a page in headless Chromium by its command line, acts in it and brings back what it saw."""

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from html import unescape
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--window-size=1200,600",
    "--virtual-time-budget=5000",
)
# Our listener comes after the widget's own, so the widget has started when the act begins.
ACT = """<script>
document.addEventListener("DOMContentLoaded", async () => {
  let seen;
  try { seen = await (async () => { %s })(); } catch (problem) { seen = { problem: String(problem) }; }
  document.documentElement.setAttribute("data-seen", JSON.stringify(seen));
});
</script>
"""
DATA = "<plaintext"


@dataclass(frozen=True)
class Chromium:
    """One browser program and a folder for its pages and profile."""

    program: str
    folder: Path

    def see(self, page: str, act: str) -> object:
        """What the JavaScript function body `act` returns in `page`."""
        before, after = page.split(DATA, 1)
        path = self.folder / "page.html"
        path.write_text(before + ACT % act + DATA + after, encoding="utf-8")
        seen = re.search(r'<html[^>]* data-seen="([^"]*)"', self._dump(path))
        assert seen, "The page did not come to its end."
        return json.loads(unescape(seen[1]))

    def _dump(self, path: Path) -> str:
        profile = f"--user-data-dir={self.folder / 'profile'}"
        return subprocess.run(
            [self.program, *FLAGS, profile, "--dump-dom", path.as_uri()],
            check=True,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
        ).stdout


def installed() -> str | None:
    """The path of the first Chromium found here."""
    return next(filter(None, map(shutil.which, NAMES)), None)

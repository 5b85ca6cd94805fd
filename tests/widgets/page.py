"""The widget's page with rows in it, and short names for what an act looks at."""

import json
from importlib.resources import files

TEMPLATE = (
    files("defender365") / "hosts" / "google_package" / "widgets" / "hunting_results.html"
).read_text(encoding="utf-8")
PLACEHOLDER = "[{stepInstanceName}.JsonResult]"
# Short names for what an act looks at.
LOOK = """
const text = (id) => document.getElementById(id).textContent;
const all = (selector) => [...document.querySelectorAll(selector)];
const column = (at) => all(".row").map((row) => row.children[at].firstChild?.data ?? "");
const heads = () => all("#head .cell").map((cell) => cell.textContent);
const pause = (time) => new Promise((done) => setTimeout(done, time));
const press = (key, more) => document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, ...more }));
const type = async (words) => {
  document.getElementById("search").value = words;
  document.getElementById("search").dispatchEvent(new Event("input"));
  await pause(300);
};
const clipboard = (writeText) => Object.defineProperty(navigator, "clipboard", { value: writeText && { writeText } });
"""


def filled(result):
    raw = result if isinstance(result, str) else json.dumps({"Results": result}, ensure_ascii=False)
    return TEMPLATE.replace("@@TITLE@@", "Execute Query").replace(PLACEHOLDER, raw)

"""The hunting widget, in a real browser: hostile text stays text, and what is odd is told."""

import json
import re

import pytest

from tests.widgets.page import PLACEHOLDER, TEMPLATE

HOSTILE = [
    "</script><script>document.title='owned'</script>",
    "</plaintext><script>document.title='owned'</script>",
    "--><svg onload=\"document.title='owned'\">",
    "<img src=x onerror=\"document.title='owned'\">",
    "<!--<script>",
    '"}]}</plaintext><script>document.title="owned"</script>',
    "\\\"'`${document.title='owned'}",
    "&lt;b&gt; &amp;",
    "emoji \U0001f600 and מרחבא",
]


class TestTheFile:
    def test_reaches_for_nothing_outside_itself(self):
        for word in ("http:", "https:", "src=", "@import", "url(", "href", "innerHTML", "eval("):
            assert word not in TEMPLATE

    def test_forbids_the_browser_everything_but_its_own_style_and_script(self):
        policy = re.search(r'Content-Security-Policy" content="([^"]*)"', TEMPLATE)
        assert policy[1] == (
            "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
        )

    def test_takes_the_result_once_where_nothing_can_end_the_text(self):
        assert TEMPLATE.endswith(f'</script>\n<plaintext id="data" hidden>{PLACEHOLDER}\n')
        assert TEMPLATE.count(PLACEHOLDER) == 1

    def test_takes_the_title_in_the_tab_and_in_the_header(self):
        assert "<title>@@TITLE@@</title>" in TEMPLATE
        assert "<h1>@@TITLE@@</h1>" in TEMPLATE
        assert TEMPLATE.count("@@TITLE@@") == 2


class TestHostileText:
    def test_is_shown_and_never_run(self, see):
        seen = see(
            [{"Text": text} for text in HOSTILE],
            """
            document.getElementById("cell0-0").click();
            await pause(500);
            return {
              cells: column(0), detail: text("fields"), title: document.title,
              scripts: document.scripts.length, pictures: all("img, svg, b").length,
            };
            """,
        )
        assert seen["cells"] == HOSTILE
        assert HOSTILE[0] in seen["detail"]
        assert seen["title"] == "Execute Query"
        assert (seen["scripts"], seen["pictures"]) == (2, 0)  # the widget's and this test's

    def test_is_harmless_as_the_name_of_a_column(self, see):
        names = [HOSTILE[0], "__proto__", "constructor", "toString"]
        seen = see(
            [{name: "mine"} for name in names],
            """
            await pause(500);
            return { heads: heads(), rows: all(".row").map((row) => row.textContent), title: document.title };
            """,
        )
        assert seen == {"heads": names, "rows": ["mine"] * 4, "title": "Execute Query"}

    def test_is_harmless_outside_the_json(self, see):
        seen = see(
            f'{{"Results": [{{"A": 1}}]}} {HOSTILE[0]} {HOSTILE[1]}',
            "await pause(500); return [column(0), document.title, document.scripts.length];",
        )
        assert seen == [["1"], "Execute Query", 2]

    def test_cannot_turn_the_reading_direction(self, see):
        seen = see(
            [{"File": "invoice\u202efdp.exe"}],
            """
            let copied;
            clipboard(async (text) => { copied = text; });
            document.getElementById("cell0-0").click();
            document.querySelector(".field button").click();
            return [column(0)[0], document.querySelector("dd").textContent, copied];
            """,
        )
        assert seen == ["invoice\\u202Efdp.exe", "invoice\\u202Efdp.exe", "invoice\u202efdp.exe"]

    def test_of_100_kb_is_clipped_in_the_cell_and_whole_in_the_detail(self, see):
        seen = see(
            [{"Text": "x" * 100_000}],
            """
            document.getElementById("cell0-0").click();
            return [column(0)[0].length, document.querySelector("dd").textContent.length];
            """,
        )
        assert seen == [301, 100_000]


UNREADABLE = "The result could not be read."
NOTHING = {
    "": UNREADABLE,
    "Execution failed": UNREADABLE,
    '{"Results": [{"A": 1}': UNREADABLE,
    '{"Results": "none"}': UNREADABLE,
    '{"error": {"code": 1}}': UNREADABLE,
    "7": UNREADABLE,
    '{"Results": []}': "No rows.",
    '{"Results": null}': "No rows.",
    "[]": "No rows.",
    "{}": "No rows.",
    "null": "No rows.",
}


class TestReading:
    @pytest.mark.parametrize(
        ("result", "message"), [(PLACEHOLDER, UNREADABLE), ('{"Results": []}', "No rows.")]
    )
    def test_says_plainly_that_there_is_nothing_to_show(self, see, result, message):
        seen = see(result, "return [text('message'), document.getElementById('grid').hidden];")
        assert seen == [message, True]

    def test_tells_an_empty_result_from_an_unreadable_one(self, see):
        seen = see(
            "[]",
            f"""
            return {json.dumps(list(NOTHING))}.map((result) => {{
              document.body.append(make("plaintext", {{ id: "data", textContent: result }}));
              start();
              return text("message");
            }});
            """,
        )
        assert dict(zip(NOTHING, seen, strict=True)) == NOTHING

    @pytest.mark.parametrize(
        "result",
        [
            '{"Results": [{"A": "}]\\"\\\\"}, {"B": 2}]}',
            '[{"A": "}]\\"\\\\"}, {"B": 2}]',
            '\ufeff\n {"Results": [{"A": "}]\\"\\\\"}, {"B": 2}]} \n</body></html>',
            '[{"A": "}]\\"\\\\"}, {"B": 2}] {"Results": []}',
        ],
    )
    def test_takes_the_first_value_wrapped_or_bare_whatever_follows(self, see, result):
        seen = see(result, "return [heads(), column(0), column(1), text('count'), text('width')];")
        assert seen == [["A", "B"], ['}]"\\', ""], ["", "2"], "2 rows", " · 2 columns"]

    def test_shows_every_kind_of_value(self, see):
        row = {"S": "text", "N": 1.5, "B": False, "Z": None, "O": {"a": [1, None]}, "L": []}
        seen = see([row], "return all('.row .cell').map((cell) => cell.textContent);")
        assert seen == ["text", "1.5", "false", "", '{"a":[1,null]}', "[]"]

    def test_rounds_no_long_integer(self, see):
        row = {"ReportId": 9007199254740993, "Fields": {"Id": -9223372036854775807}}
        seen = see([row], "return [column(0)[0], column(1)[0]];")
        assert seen == ["9007199254740993", '{"Id":-9223372036854775807}']

"""The hunting widget in use: sorting, searching, copying, and thousands of rows that stay light."""

import json

import pytest

# Each column as it comes, and as it stands in ascending order.
COLUMNS = {
    "numbers": ([10, None, 9, -1.5, 100], ["-1.5", "9", "10", "100", ""]),
    "long integers": (
        [9007199254740994, 9007199254740993, 3, None, None],
        ["3", "9007199254740993", "9007199254740994", "", ""],
    ),
    "natural text": (["b10", "B9", "", "a", None], ["a", "B9", "b10", "", ""]),
    "booleans": ([True, None, False, None, None], ["false", "true", "", "", ""]),
    "zones": (
        ["2026-01-01T00:00:00+02:00", None, "2025-12-31T23:00:00Z", "2026-01-01", "2025-12-31"],
        ["2025-12-31", "2026-01-01T00:00:00+02:00", "2025-12-31T23:00:00Z", "2026-01-01", ""],
    ),
    "fractions": (
        ["2026-01-01T10:00:00.1234567Z", None, "2026-01-01T10:00:00.1234Z", None, None],
        ["2026-01-01T10:00:00.1234Z", "2026-01-01T10:00:00.1234567Z", "", "", ""],
    ),
    "mixed": (["x", 2, "10", None, {"a": 1}], ["2", '{"a":1}', "10", "x", ""]),
}


class TestSorting:
    def test_goes_up_then_down_then_back_with_nulls_last(self, see):
        rows = [{n: values[r] for n, (values, _) in COLUMNS.items()} for r in range(5)]
        seen = see(
            rows,
            """
            const click = (at) => {
              all("#head .cell")[at].click();
              return [all("#head .cell")[at].ariaSort, column(at)];
            };
            return all("#head .cell").map((cell, at) => [column(at), click(at), click(at), click(at)]);
            """,
        )
        for (_, ascending), (before, up, down, back) in zip(COLUMNS.values(), seen, strict=True):
            full = [text for text in ascending if text]
            assert up == ["ascending", ascending]
            assert down == ["descending", full[::-1] + [""] * (5 - len(full))]
            assert back == ["none", before]


FOUND = {
    "ws-1": (["WS-1", "ws-1"], "2 of 3 rows", ""),
    "  CMD  ws-1 ": (["WS-1"], "1 of 3 rows", ""),
    "lateral": (["WS-1"], "1 of 3 rows", ""),
    "nowhere": ([], "0 of 3 rows", "No row matches the search."),
    "": (["WS-1", "ws-1", "ws-2"], "3 rows", ""),
}


class TestSearch:
    ROWS = [  # noqa: RUF012  # a constant
        {"Device": "WS-1", "File": "cmd.exe", "More": {"Tag": "Lateral"}},
        {"Device": "ws-1", "File": "powershell.exe", "More": None},
        {"Device": "ws-2", "File": "cmd.exe", "More": None},
    ]

    def test_keeps_the_rows_that_hold_every_word(self, see):
        seen = see(
            self.ROWS,
            f"""
            const found = [];
            for (const words of {json.dumps(list(FOUND))}) {{
              await type(words);
              found.push([column(0), text("count"), text("message")]);
            }}
            return found;
            """,
        )
        assert dict(zip(FOUND, map(tuple, seen), strict=True)) == FOUND

    def test_waits_until_the_typing_rests(self, see):
        seen = see(
            self.ROWS,
            "const search = type('ws-2'); await pause(20);"
            "const early = text('count'); await search; return [early, text('count')];",
        )
        assert seen == ["3 rows", "1 of 3 rows"]


class TestThousandsOfRows:
    def test_draw_only_what_is_in_sight(self, see):
        rows = [{f"Column {c}": f"value {r:04d}-{c}" for c in range(40)} for r in range(10_000)]
        seen = see(
            rows,
            """
            window.requestAnimationFrame = (draw) => setTimeout(draw, 0);  // --dump-dom paints no frames
            const grid = document.getElementById("grid");
            const look = () => ({
              rows: all(".row").length, cells: all(".row .cell").length,
              first: all(".row")[0].textContent.slice(0, 12), last: all(".row").at(-1).textContent.slice(-13),
            });
            await pause(300);
            const opened = look();
            grid.scrollTo(grid.scrollWidth, grid.scrollHeight);
            grid.dispatchEvent(new Event("scroll"));
            await pause(300);
            const scrolled = look();
            grid.scrollLeft = 0;
            search("value 0077-39");
            return { opened, scrolled, count: text("count"), width: text("width"), found: column(0), total: grid.ariaRowCount };
            """,
        )
        assert 10 < seen["opened"]["rows"] < 60
        assert 10 < seen["scrolled"]["rows"] < 60
        assert max(seen["opened"]["cells"], seen["scrolled"]["cells"]) < 600
        assert seen["opened"]["first"] == "value 0000-0"
        assert seen["scrolled"]["last"] == "value 9999-39"
        assert seen["count"] == "1 of 10,000 rows"
        assert seen["width"] == " · 40 columns"
        assert (seen["found"], seen["total"]) == (["value 0077-0"], "2")


class TestCopying:
    def test_guards_what_a_spreadsheet_would_compute(self, see):
        texts = ["=1+1", "+cmd", "-2+3", "@sum", "\tx", "\uff1d1", "-5", "+1.5e3", "a=b", "", "'"]
        seen = see([{"A": 1}], f"return {json.dumps(texts)}.map(guarded);")
        assert seen == ["'" + text for text in texts[:6]] + texts[6:]

    @pytest.mark.parametrize(
        ("button", "copied"),
        [
            ("tsv", "'=Name\tText\nb\t'=cmd|'/C calc'!A0\na\tx y \"z\";\n"),
            ("csv", '\'=Name,Text\r\nb,\'=cmd|\'/C calc\'!A0\r\na,"x\ty\n""z"";"\r\n'),
        ],
    )
    def test_of_all_rows_takes_them_as_filtered_and_sorted(self, see, button, copied):
        rows = [
            {"=Name": "a", "Text": 'x\ty\n"z";'},
            {"=Name": "b", "Text": "=cmd|'/C calc'!A0"},
            {"=Name": "c", "Text": "left out"},
        ]
        seen = see(
            rows,
            f"""
            let copied;
            clipboard(async (text) => {{ copied = text; }});
            sortBy(0); sortBy(0);
            search("A");
            document.getElementById("{button}").click();
            await pause(50);
            return [copied, text("status")];
            """,
        )
        assert seen == [copied, "2 rows copied"]

    @pytest.mark.parametrize(
        "clipboard",
        ["async () => { throw new DOMException('', 'NotAllowedError'); }", "undefined"],
        ids=["forbidden", "missing"],
    )
    @pytest.mark.parametrize(
        ("works", "said"),
        [("true", "Value copied"), ("false", "The browser does not allow copying here.")],
    )
    def test_falls_back_to_the_old_command(self, see, clipboard, works, said):
        seen = see(
            [{"A": "=exact\t\u202evalue"}],
            f"""
            let copied;
            clipboard({clipboard});
            document.execCommand = (name) => {{
              const event = new ClipboardEvent(name, {{ clipboardData: new DataTransfer() }});
              document.activeElement.dispatchEvent(event);
              copied = event.clipboardData.getData("text/plain");
              return {works};
            }};
            document.getElementById("grid").focus();
            document.getElementById("cell0-0").dispatchEvent(new Event("pointerover", {{ bubbles: true }}));
            document.getElementById("copy").click();
            await pause(50);
            return [copied, text("status"), all("textarea").length, document.activeElement.id];
            """,
        )
        assert seen == ["=exact\t\u202evalue", said, 0, "grid"]

    def test_has_a_button_that_stays_put_under_the_pointer(self, see):
        seen = see(
            [{"A": 1}],
            """
            const over = (id) => document.getElementById(id).dispatchEvent(new Event("pointerover", { bubbles: true }));
            const watch = new MutationObserver(() => {});
            watch.observe(document.getElementById("body"), { childList: true, subtree: true });
            over("cell0-0");
            const came = watch.takeRecords().length;
            over("copy");
            return [came, watch.takeRecords().length, document.getElementById("copy").parentNode.id];
            """,
        )
        assert seen == [1, 0, "cell0-0"]


class TestTheKeyboard:
    ROWS = [{"A": r, "B": f"b{r}"} for r in range(200)]  # noqa: RUF012  # a constant

    def test_sorts_walks_opens_and_comes_back(self, see):
        seen = see(
            self.ROWS,
            """
            const grid = document.getElementById("grid"), out = {};
            const at = () => grid.getAttribute("aria-activedescendant");
            grid.focus();
            markActive();
            out.start = at();
            press("Enter"); press(" ");
            out.sorted = [document.querySelector("#head .cell").ariaSort, column(0)[0]];
            press("ArrowDown"); press("ArrowRight"); press("ArrowRight");
            out.walked = [at(), document.querySelector(".active").firstChild.data];
            press("Enter");
            out.opened = [text("place"), document.querySelector(".field.chosen dd").textContent, document.activeElement.id];
            press("Escape");
            out.closed = [document.getElementById("panel").hidden, document.activeElement.id];
            press("End", { ctrlKey: true });
            out.end = [at(), document.querySelector(".active").firstChild.data];
            press("Home", { ctrlKey: true }); press("ArrowUp");
            out.home = at();
            return out;
            """,
        )
        assert seen == {
            "start": "cell-1-0",
            "sorted": ["descending", "199"],
            "walked": ["cell0-1", "b199"],
            "opened": ["Row 1 of 200", "b199", "panel"],
            "closed": [True, "grid"],
            "end": ["cell199-1", "b0"],
            "home": "cell-1-0",
        }

    def test_steps_from_row_to_row_in_the_detail(self, see):
        seen = see(
            self.ROWS,
            """
            const button = (id) => document.getElementById(id);
            const look = () => [text("place"), document.querySelector("dd").textContent, button("previous").disabled];
            button("cell0-1").click();
            const first = look();
            button("next").click();
            const second = look();
            search("b199");
            return [first, second, button("panel").hidden];
            """,
        )
        assert seen == [["Row 1 of 200", "0", True], ["Row 2 of 200", "1", False], True]

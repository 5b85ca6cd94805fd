"""Windows, series and parts of rows, with the answers worked out by hand from the rules."""

from typing import Any

_T = "let T = datatable(a: string, b: long)['x', 1, 'x', 3, 'y', 5, 'y', 2]; "
_S = "let S = T | sort by a asc, b asc; "
_D = "let D = datatable(a: string, d: dynamic)['x', dynamic([3, 1, 2]), 'y', dynamic([5]), 'z', dynamic([])]; "
_M = (
    "let M = datatable(t: datetime, k: string, v: long)[datetime(2026-01-01 00:30), 'p', 1,"
    " datetime(2026-01-01 02:10), 'p', 5, datetime(2026-01-01 02:20), 'p', 7, datetime(2026-01-01 01:00), 'q', 9]; "
)
_HOURS = (
    '["2026-01-01T00:00:00.0000000Z","2026-01-01T01:00:00.0000000Z","2026-01-01T02:00:00.0000000Z"]'
)

RULES: dict[str, list[tuple[str, list[tuple[Any, ...]]]]] = {
    "row_number: from 1 or a start, over serialized rows; a restart begins again": [
        (f"{_T}{_S} S | extend n = row_number() | project b, n", [(1, 1), (3, 2), (2, 3), (5, 4)]),
        (f"{_T}{_S} S | extend n = row_number(7) | project n", [(7,), (8,), (9,), (10,)]),
        (f"{_T}{_S} S | extend n = row_number(1, prev(a) != a) | project a, n", [("x", 1), ("x", 2), ("y", 1), ("y", 2)]),
        (f"{_T} T | serialize n = row_number() | summarize max(n)", [(4,)]),
        (f"{_T} T | serialize | extend n = row_number() | summarize sum(n)", [(10,)]),
        (f"{_T}{_S} S | where row_number() == 2 | project b", [(3,)]),
        ("range x from 5 to 7 step 1 | extend n = row_number() | where n == 3 | project x", [(7,)]),
        (f"{_T} T | top 2 by b | extend n = row_number() | project b, n", [(5, 1), (3, 2)]),
    ],
    "prev, next: a value some rows away; a default; else null, which of a text is empty": [
        (f"{_T}{_S} S | extend p = prev(b) | project p", [(None,), (1,), (3,), (2,)]),
        (f"{_T}{_S} S | extend p = next(b) | project p", [(3,), (2,), (5,), (None,)]),
        (f"{_T}{_S} S | extend p = prev(b, 2) | project p", [(None,), (None,), (1,), (3,)]),
        (f"{_T}{_S} S | extend p = prev(b, 1, -1) | project p", [(-1,), (1,), (3,), (2,)]),
        (f"{_T}{_S} S | extend p = prev(a) | project p", [("",), ("x",), ("x",), ("y",)]),
        (f"{_T}{_S} S | extend p = prev(toupper(a)) | where p == '' | project b", [(1,)]),
        (f"{_T}{_S} S | where a != prev(a) | project a, b", [("x", 1), ("y", 2)]),
        (f"{_T}{_S} S | project d = b - prev(b)", [(None,), (2,), (-1,), (3,)]),
    ],
    "row_cumsum: the sum so far; a restart begins again": [
        (f"{_T}{_S} S | extend c = row_cumsum(b) | project c", [(1,), (4,), (6,), (11,)]),
        (f"{_T}{_S} S | extend c = row_cumsum(b, a != prev(a)) | project c", [(1,), (4,), (2,), (7,)]),
    ],
    "row_rank_dense, row_rank_min: ranks by change of value, dense or by row": [
        (f"{_T}{_S} S | extend r = row_rank_dense(a), m = row_rank_min(a) | project r, m", [(1, 1), (1, 1), (2, 3), (2, 3)]),
        (f"{_T}{_S} S | extend r = row_rank_dense(b, prev(a) != a) | project r", [(1,), (2,), (1,), (2,)]),
    ],
    "mv-apply: a pipeline over the values of each row; the row's other columns stay": [
        (f"{_D} D | mv-apply e = d to typeof(long) on (summarize s = sum(e)) | project a, s", [("x", 6), ("y", 5)]),
        (f"{_D} D | mv-apply e = d to typeof(long) on (top 2 by e) | project a, e", [("x", 3), ("x", 2), ("y", 5)]),
        (f"{_D} D | mv-apply e = d to typeof(long) on (top 1 by e asc) | project a, e | sort by a asc", [("x", 1), ("y", 5)]),
        (f"{_D} D | mv-apply e = d to typeof(long) on (where e > 1 | count) | project a, Count | sort by a asc", [("x", 2), ("y", 1)]),
        (f"{_D} D | mv-apply d to typeof(long) on (where d > 2 | project d, z = d * 10) | sort by d asc", [("x", 3, 30), ("y", 5, 50)]),
        (f"{_D} D | mv-apply e = d on (where a == 'y' | project f = tolong(e)) | project a, f", [("y", 5)]),
        (f"{_D} D | mv-apply with_itemindex=i e = d to typeof(long) on (where i == 1 | project e) | project a, e", [("x", 1)]),
        (f"{_D} D | mv-apply e = d to typeof(long) on (summarize l = make_list(e * 2)) | where a == 'x' | project l", [("[6,2,4]",)]),
        (f"{_D} D | mv-apply e = d to typeof(long) on (distinct e | count) | project Count", [(3,), (1,)]),
        ("print ks = dynamic([{'n': 'p', 'v': 1}, {'n': 'q', 'v': 2}]) | mv-apply k = ks on (where k.n == 'q' | project v = tolong(k.v))"
         " | project v", [(2,)]),
        (f"{_D} D | mv-apply e = d to typeof(long) limit 2 on (summarize s = sum(e)) | project s", [(4,), (5,)]),
    ],
    "partition: a pipeline for each value of a column": [
        (f"{_T} T | partition by a (top 1 by b) | project a, b | sort by a asc", [("x", 3), ("y", 5)]),
        (f"{_T} T | partition by a (summarize s = sum(b)) | sort by s asc", [(4,), (7,)]),
        (f"{_T} T | partition hint.strategy=native by a (where b > 2 | project b) | sort by b asc", [(3,), (5,)]),
        (f"{_T} T | partition hint.strategy=legacy by a (take 1) | count", [(2,)]),
        (f"{_T} T | partition by a (project-keep b | top 1 by b) | sort by b asc", [(3,), (5,)]),
        (f"{_T} T | partition by a (sort by b desc | take 1) | summarize sum(b)", [(8,)]),
        (f"{_T} T | partition by a (count) | project Count", [(2,), (2,)]),
    ],
    "top-nested: the top values, and within each those of the next column; every aggregate is over all its rows": [
        ("let N = datatable(a: string, c: string, b: long)['x', 'p', 1, 'x', 'q', 3, 'y', 'p', 5, 'z', 'q', 2]; "
         "N | top-nested 2 of a by sum(b) | sort by aggregated_a", [("y", 5), ("x", 4)]),
        ("let N = datatable(a: string, c: string, b: long)['x', 'p', 1, 'x', 'q', 3, 'y', 'p', 5, 'z', 'q', 2]; "
         "N | top-nested 2 of a by s = sum(b), top-nested 1 of c by max(b) | sort by s", [("y", 5, "p", 5), ("x", 4, "q", 3)]),
        ("let N = datatable(a: string, b: long)['x', 1, 'y', 5, 'z', 2]; N | top-nested 1 of a by sum(b) asc", [("x", 1)]),
        ("let N = datatable(a: string, c: string, b: long)['x', 'p', 1, 'x', 'q', 3, 'y', 'p', 5]; "
         "N | top-nested of a by count(), top-nested 1 of c by sum(b) | sort by a asc", [("x", 2, "q", 3), ("y", 1, "p", 5)]),
    ],
    "make-series: from..to without the end, in range with it; default fills; by makes a series each": [
        (f"{_M} M | make-series n = count() on t from datetime(2026-01-01) to datetime(2026-01-01 03:00) step 1h by k"
         " | project k, n | sort by k asc", [("p", "[1,0,2]"), ("q", "[0,1,0]")]),
        (f"{_M} M | where k == 'p' | make-series s = sum(v) default = -1 on t from datetime(2026-01-01) to datetime(2026-01-01 03:00) step 1h",
         [("[1,-1,12]", _HOURS)]),
        (f"{_M} M | where k == 'p' | make-series s = sum(v) on t in range(datetime(2026-01-01), datetime(2026-01-01 02:00), 1h)",
         [("[1,0,12]", _HOURS)]),
        (f"{_M} M | where k == 'p' | make-series s = max(v) on t step 1h", [("[1,0,7]", _HOURS)]),
        (f"{_M} M | make-series n = count(), m = min(v) default = 99 on t from datetime(2026-01-01) to datetime(2026-01-01 02:00) step 1h"
         " | project n, m", [("[1,1]", "[1,9]")]),
        ("datatable(x: long, v: long)[1, 10, 4, 20] | make-series s = sum(v) on x from 0 to 6 step 2", [("[10,0,20]", "[0,2,4]")]),
        (f"{_M} M | where k == 'q' | make-series n = count() on t from datetime(2026-01-01) to datetime(2026-01-01 02:00) step 30m"
         " | project n", [("[0,0,1,0]",)]),
        (f"{_M} M | where k == 'none' | make-series kind=nonempty n = count() on t from datetime(2026-01-01)"
         " to datetime(2026-01-01 02:00) step 1h | project n", [("[0,0]",)]),
        (f"{_M} M | where k == 'none' | make-series n = count() on t from datetime(2026-01-01) to datetime(2026-01-01 02:00) step 1h", []),
    ],
}  # fmt: skip
"""For each rule of the language: queries, and the rows worked out by hand from it."""

"""Functions that the translator has, and answers otherwise than their pages say.

Sources: the functions' pages in the Kusto documentation. `{0}` is the first argument.
"""

from duckdb_kql.translate.functions import long_or_wider

Rows = dict[str, tuple[tuple[int, ...], str]]
_LONG = long_or_wider("{0}")
NUMBERS = "('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE')"
"""What the database calls a number in JSON."""


def elements(n: int) -> str:
    """The values of an argument that is a list; null for what is none."""
    return f"TRY_CAST(to_json({{{n}}}) AS JSON[])"


_PARTS = (
    "list_transform([string_split({0}, '.')], lambda _p: list_concat(_p, ['0', '0', '0'])[1:4])[1]"
)
_GUID = r"^\s*[{{(]?([0-9a-fA-F]{{8}}-?(?:[0-9a-fA-F]{{4}}-?){{3}}[0-9a-fA-F]{{12}})"

FUNCTIONS: Rows = {
    "sqrt": ((1,), f"(CASE WHEN {_LONG} >= 0 THEN sqrt({_LONG}) END)"),
    **{
        name: (
            (1,),
            f"(CASE WHEN {_LONG} > 0 THEN {sql}({_LONG}) WHEN {_LONG} = 0 THEN '-Infinity'::DOUBLE END)",
        )
        for name, sql in (("log", "ln"), ("log2", "log2"), ("log10", "log10"))
    },
    **{
        name: ((1,), f"coalesce({name}({_LONG}), false)") for name in ("isnan", "isinf", "isfinite")
    },
    **{
        f"binary_shift_{way}": (
            (2,),
            f"(CASE WHEN {{1}} >= 0 THEN {_LONG} {sign} ({{1}} % 64) END)",
        )
        for way, sign in (("left", "<<"), ("right", ">>"))
    },
    "*round*": ((2,), "(round({0} * pow(10.0, {1})) / pow(10.0, {1}))"),
    "toguid": ((1,), f"TRY_CAST(nullif(regexp_extract({{0}}, '{_GUID}', 1), '') AS UUID)"),
    "base64_encode_tostring": ((1,), "to_base64(encode({0}))"),
    "parse_version": (
        (1,),
        "(CASE WHEN regexp_matches({0}, '^[0-9]+(\\.[0-9]+){{0,3}}$') THEN CAST(list_reduce("
        f"list_transform({_PARTS}, lambda _v: CAST(_v AS HUGEINT)),"
        " lambda _a, _b: _a * 100000000 + _b) AS DECIMAL(38,0)) END)",
    ),
    "indexof_regex": (
        (2,),
        "CAST(CASE WHEN regexp_matches({0}, {1}) THEN"
        " length(regexp_extract({0}, '(?s)^(.*?)(?-s)(?:' || {1} || ')', 1)) ELSE -1 END AS BIGINT)",
    ),
    "array_iff": (
        (3,),
        f"to_json(list_transform({elements(0)}, lambda _c, _i: CASE WHEN _c = 'true'::JSON THEN"
        f" {elements(1)}[_i] WHEN _c = 'false'::JSON THEN {elements(2)}[_i]"
        f" WHEN json_type(_c) IN {NUMBERS} THEN CASE WHEN TRY_CAST(_c AS DOUBLE) <> 0 THEN"
        f" {elements(1)}[_i] ELSE {elements(2)}[_i] END END))",
    ),
    "array_sum": (
        (1,),
        f"(CASE WHEN len(list_filter({elements(0)}, lambda _e: coalesce(json_type(_e), '') NOT IN {NUMBERS})) = 0"
        f" THEN CAST(list_sum(list_transform({elements(0)}, lambda _e: TRY_CAST(_e AS DOUBLE))) AS DOUBLE) END)",
    ),
    "strcmp": (
        (2,),
        "list_transform([{{'a': {0}, 'b': {1}}}], lambda _s: CAST(CASE WHEN _s.a < _s.b THEN -1"
        " WHEN _s.a > _s.b THEN 1 WHEN _s.a = _s.b THEN 0 END AS BIGINT))[1]",
    ),
    "tohex": ((1,), "coalesce(lower(to_hex({0})), '')"),
    "*tohex_int*": ((1,), "coalesce(lower(to_hex(CAST({0} AS BIGINT) & 4294967295)), '')"),
    "*indexof_from*": (
        (3,),
        "list_transform([CASE WHEN {2} < 0 THEN greatest(length({0}) + {2}, 0) ELSE {2} END], lambda _f: "
        "CAST(CASE WHEN position({1} IN substring({0}, CAST(_f + 1 AS BIGINT))) = 0 THEN -1"
        " ELSE position({1} IN substring({0}, CAST(_f + 1 AS BIGINT))) - 1 + _f END AS BIGINT))[1]",
    ),
    "parse_command_line": (
        (2,),
        "to_json(list_transform(regexp_extract_all(CASE WHEN contains({0}, '\\\"') THEN"
        " error('kql: ''parse_command_line'' of a text with an escaped quote') ELSE {0} END,"
        " '(?:[^\\s\"]+|\"[^\"]*\")+'), lambda _w: replace(_w, '\"', '')))",
    ),
}

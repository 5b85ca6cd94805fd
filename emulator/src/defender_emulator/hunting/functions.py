"""Scalar functions that the translator lacks, as SQL; `{0}` is the first argument.

Each is named as in the Kusto documentation, whose page it follows. Names in asterisks are steps of
others, which no query can call.
"""

from typing import Any

from defender_emulator.hunting.exact import FUNCTIONS as _EXACT
from defender_emulator.hunting.exact import NUMBERS, elements
from defender_emulator.hunting.networks import FUNCTIONS as _NETWORK

Rows = dict[str, tuple[tuple[int, ...], str]]


def _no_twice(values: str) -> str:
    return f"list_transform([{values}], lambda _l: list_filter(_l, lambda _x, _i: list_position(_l, _x) = _i))[1]"


_A, _B = elements(0), elements(1)
_TYPED = (
    "(CASE WHEN typeof({0}) = 'JSON' THEN json_extract_string(to_json({0}), '$')"
    " ELSE CAST({0} AS VARCHAR) END)"
)
_PLACE = "regexp_replace({0}, '^[A-Za-z][A-Za-z0-9+.-]*://', '')"
_PATH = f"replace({_PLACE}, '\\', '/')"


def _map(bag: str) -> str:
    return f"CAST({bag} AS MAP(VARCHAR, JSON))"


def _merged(bags: str) -> str:
    """The bags of an aggregate as one; of equal keys the first counts."""
    maps = f"list_transform({bags}, lambda _b: {_map('_b')})"
    empty = "CAST('{{}}'::JSON AS MAP(VARCHAR, JSON))"
    return (
        f"coalesce(to_json(list_reduce(list_prepend({empty}, {maps}),"
        " lambda _a, _c: map_concat(_c, _a))), '{{}}'::JSON)"
    )


_ORDERED = (
    "list_transform(list_filter(_l, lambda _e: coalesce(json_type(_e), 'NULL') <> 'NULL'), lambda _e: {{'kind':"
    f" CASE WHEN json_type(_e) IN {NUMBERS} THEN 0 ELSE 1 END,"
    " 'number': TRY_CAST(_e AS DOUBLE), 'whole': TRY_CAST(_e AS HUGEINT), 'text': _e ->> '$', 'value': _e}})"
)


def _sorted_list(way: str) -> str:
    """A list in order, numbers as numbers and texts as texts; nulls stand last."""
    ordered = f"list_transform(list_sort({_ORDERED}, '{way}'), lambda _o: _o.value)"
    nulls = "list_filter(_l, lambda _e: coalesce(json_type(_e), 'NULL') = 'NULL')"
    return (
        f"to_json(list_transform([{_A}],"
        f" lambda _l: CASE WHEN _l IS NOT NULL THEN list_concat({ordered}, {nulls}) END)[1])"
    )


_OBJECTS = "json_type({0}) = 'OBJECT'"
_SETS: Rows = {
    "*array_concat*": ((2,), f"to_json(list_concat({_A}, {_B}))"),
    "*set_union*": ((2,), f"to_json({_no_twice(f'list_concat({_A}, {_B})')})"),
    "*set_intersect*": (
        (2,),
        f"to_json(list_filter({_no_twice(_A)}, lambda _e: list_contains({_B}, _e)))",
    ),
    "*set_difference*": (
        (2,),
        f"to_json(list_filter({_no_twice(_A)}, lambda _e: NOT list_contains({_B}, _e)))",
    ),
    "set_equals": (
        (2,),
        f"(len(list_filter({_A}, lambda _e: NOT list_contains({_B}, _e))) = 0"
        f" AND len(list_filter({_B}, lambda _e: NOT list_contains({_A}, _e))) = 0)",
    ),
    "array_sort_asc": ((1,), _sorted_list("ASC")),
    "array_sort_desc": ((1,), _sorted_list("DESC")),
    "array_index_of": (
        (2,),
        f"CAST(coalesce(list_position({_A}, CAST(to_json({{1}}) AS JSON)) - 1, -1) AS BIGINT)",
    ),
    "jaccard_index": (
        (2,),
        f"(len(list_filter({_no_twice(_A)}, lambda _e: list_contains({_B}, _e)))"
        f" / len({_no_twice(f'list_concat({_A}, {_B})')}))",
    ),
}


def _pruned(bag: str, keys: str) -> str:
    """A bag without some keys; one that begins with `$.` or `$[` is a path into it.

    What is null in a patch is taken away. A path that is not there changes nothing.
    """
    steps = (
        "CASE WHEN regexp_matches(_k, '^\\$[.\\[]') THEN string_split(ltrim(regexp_replace("
        "substr(_k, 2), '\\[''([^'']*)''\\]', '.\\1', 'g'), '.'), '.') ELSE [_k] END"
    )
    path = "array_to_string(list_transform(STEPS, lambda _p: '/' || replace(replace(_p, '~', '~0'), '/', '~1')), '')"
    patch = (
        "array_to_string(list_transform(STEPS, lambda _p: '{{' || CAST(to_json(_p) AS VARCHAR) || ':'), '')"
        " || 'null' || repeat('}}', len(STEPS))"
    )
    ways = f"list_transform(CAST(to_json({keys}) AS VARCHAR[]), lambda _k: {steps})"
    one = f"CASE WHEN json_exists(_d, {path}) THEN json_merge_patch(_d, CAST({patch} AS JSON)) ELSE _d END"
    one = one.replace("STEPS", "CAST(_w AS VARCHAR[])")
    wrapped = f"list_transform({ways}, lambda _x: to_json(_x))"
    return f"list_reduce(list_prepend({bag}, {wrapped}), lambda _d, _w: {one})"


_FIRST_RECORD = 'regexp_extract({0}, \'^((?:[^"\n\r]|"(?:[^"]|"")*")*)\', 1)'
_BAGS: Rows = {
    "bag_keys": ((1,), f"(CASE WHEN {_OBJECTS} THEN to_json(json_keys({{0}})) END)"),
    "bag_has_key": (
        (2,),
        "(CASE WHEN starts_with({1}, '$') THEN json_exists({0}, {1})"
        " ELSE coalesce(list_contains(json_keys({0}), {1}), false) END)",
    ),
    "*bag_merge*": ((2,), f"to_json(map_concat({_map('{1}')}, {_map('{0}')}))"),
    "bag_remove_keys": ((2,), f"(CASE WHEN {_OBJECTS} THEN {_pruned('{0}', '{1}')} END)"),
    "extractjson": ((2,), "coalesce(json_extract_string(TRY_CAST({1} AS JSON), {0}), '')"),
}
_TEXTS: Rows = {
    "string_size": ((1,), "CAST(strlen({0}) AS BIGINT)"),
    "translate": (
        (3,),
        "translate({2}, {0}, rpad({1}, CAST(length({0}) AS INTEGER), right({1}, 1)))",
    ),
    "url_decode": ((1,), "url_decode({0})"),
    "regex_quote": ((1,), "regexp_escape({0})"),
    "isascii": ((1,), "regexp_matches({0}, '^[[:ascii:]]*$')"),
    "isutf8": ((1,), "({0} IS NOT NULL)"),
    "unicode_codepoints_from_string": (
        (1,),
        "to_json(list_transform(list_filter(string_split({0}, ''), lambda _c: _c <> ''), lambda _c: unicode(_c)))",
    ),
    "*from_codepoints*": (
        (1,),
        "array_to_string(list_transform(CAST(to_json({0}) AS BIGINT[]), lambda _c: chr(CAST(_c AS INTEGER))), '')",
    ),
    "base64_decode_toarray": (
        (1,),
        "to_json(list_transform(range(octet_length(from_base64({0}))), lambda _i: "
        "CAST('0x' || substr(hex(from_base64({0})), CAST(2 * _i + 1 AS INTEGER), 2) AS BIGINT)))",
    ),
    "*split_at*": (
        (3,),
        "list_transform([string_split({0}, {1})], lambda _p: CASE WHEN {2} >= 0 AND {2} < len(_p)"
        " THEN json_array(_p[CAST({2} + 1 AS INTEGER)]) ELSE '[]'::JSON END)[1]",
    ),
    "parse_path": (
        (1,),
        f"json_object('Scheme', regexp_extract({{0}}, '^([A-Za-z][A-Za-z0-9+.-]*)://', 1),"
        f" 'RootPath', regexp_extract({_PLACE}, '^([A-Za-z]:)', 1),"
        f" 'DirectoryPath', regexp_extract({_PLACE}, '^(.*)[\\\\/][^\\\\/]*$', 1),"
        f" 'DirectoryName', regexp_extract({_PATH}, '([^/]*)/[^/]*$', 1),"
        f" 'Filename', regexp_extract({_PATH}, '([^/:]*)(:[^/]*)?$', 1),"
        f" 'Extension', regexp_extract({_PATH}, '\\.([^./:]*)(:[^/]*)?$', 1),"
        f" 'AlternateDataStreamName', regexp_extract({_PATH}, '[^/]:([^/:]*)$', 1))",
    ),
    "parse_csv": (
        (1,),
        "to_json(list_transform(regexp_extract_all(',' || "
        + _FIRST_RECORD
        + ', \',("(?:[^"]|"")*"|[^,]*)\', 1),'
        " lambda _f: CASE WHEN starts_with(_f, '\"') THEN replace(substr(_f, 2, length(_f) - 2),"
        " '\"\"', '\"') ELSE _f END))",
    ),
    "parse_urlquery": (
        (1,),
        "json_object('Query Parameters', list_transform([list_transform(list_filter("
        "string_split(ltrim({0}, '?'), '&'), lambda _p: _p <> ''), lambda _p: "
        "{{'k': split_part(_p, '=', 1), 'v': split_part(_p, '=', 2)}})], lambda _l: to_json("
        "map_from_entries(list_filter(_l, lambda _e, _i: "
        "list_position(list_transform(_l, lambda _o: _o.k), _e.k) = _i))))[1])",
    ),
}
_NUMBERS: Rows = {
    "*bin_at*": ((3,), "(floor(({0} - {2}) / {1}) * {1} + {2})"),
    "bitset_count_ones": ((1,), "CAST(bit_count({0}) AS BIGINT)"),
    "new_guid": ((0,), "uuid()"),
    "*rand*": ((0,), "random()"),
    "*rand_below*": ((1,), "floor(random() * {0})"),
    "todecimal": ((1,), f"TRY_CAST({_TYPED} AS DECIMAL(38,9))"),
    "around": ((3,), "(abs({0} - {1}) <= {2})"),
    "range": ((3,), "to_json(generate_series({0}, {1}, {2}))"),
}

_PARSED = "nullif(coalesce(kql_json({0}), to_json(nullif(CAST({0} AS VARCHAR), ''))), 'null'::JSON)"
_UTF8 = "coalesce(TRY(decode(from_base64({0}))), '')"
_ESCAPED = (
    "list_transform([string_split(url_encode({0}), '%')], lambda _u: array_to_string(list_prepend("
    "_u[1], list_transform(_u[2:], lambda _h: '%' || lower(left(_h, 2)) || substr(_h, 3))), ''))[1]"
)
_BETTER: Rows = {
    "parse_json": ((1,), _PARSED),
    "todynamic": ((1,), _PARSED),
    "split": ((2,), "to_json(str_split({0}, {1}))"),
    "base64_decode_tostring": ((1,), _UTF8),
    "base64_decodestring": ((1,), _UTF8),
    "url_encode": ((1,), f"replace({_ESCAPED}, '%20', '+')"),
    "url_encode_component": ((1,), _ESCAPED),
}
"""Functions that the translator has, and answers in another way."""

FUNCTIONS: Rows = {**_BETTER, **_NETWORK, **_SETS, **_BAGS, **_TEXTS, **_NUMBERS, **_EXACT}

AGGREGATES: dict[str, tuple[tuple[int, ...], str, dict[str, Any]]] = {
    "make_list": (
        (1, 2),
        "to_json(coalesce(list({0}) FILTER (WHERE {0} IS NOT NULL), []))",
        {"name_prefix": "list"},
    ),
    "*set_plain*": (
        (1, 2),
        "to_json(coalesce(list(DISTINCT {0}) FILTER (WHERE {0} IS NOT NULL), []))",
        {"name_prefix": "set"},
    ),
    "*sum_long*": ((1,), "CAST(coalesce(sum({0}), 0) AS BIGINT)", {"name_prefix": "sum"}),
    "make_set_if": (
        (2, 3),
        "to_json(coalesce(list(DISTINCT {0}) FILTER (WHERE ({1}) AND {0} IS NOT NULL), []))",
        {"name_prefix": "set"},
    ),
    "make_list_if": (
        (2, 3),
        "to_json(coalesce(list({0}) FILTER (WHERE ({1}) AND {0} IS NOT NULL), []))",
        {"name_prefix": "list"},
    ),
    "make_list_with_nulls": ((1,), "to_json(coalesce(list({0}), []))", {"name_prefix": "list"}),
    "make_bag": (
        (1, 2),
        _merged(f"list({{0}}) FILTER (WHERE {_OBJECTS})"),
        {"name_prefix": "bag"},
    ),
    "make_bag_if": (
        (2, 3),
        _merged(f"list({{0}}) FILTER (WHERE ({{1}}) AND {_OBJECTS})"),
        {"name_prefix": "bag"},
    ),
    "count_distinct": ((1,), "count(DISTINCT {0})", {}),
    "count_distinctif": ((2,), "count(DISTINCT {0}) FILTER (WHERE {1})", {}),
    "minif": ((2,), "min({0}) FILTER (WHERE {1})", {}),
    "maxif": ((2,), "max({0}) FILTER (WHERE {1})", {}),
    "take_anyif": ((2,), "any_value({0}) FILTER (WHERE {1})", {"name_is_argument": True}),
    "anyif": ((2,), "any_value({0}) FILTER (WHERE {1})", {}),
    "stdevp": ((1,), "coalesce(stddev_pop({0}), 0.0)", {}),
    "variancep": ((1,), "coalesce(var_pop({0}), 0.0)", {}),
    "binary_all_and": ((1,), "bit_and({0})", {"name_is_argument": True}),
    "binary_all_or": ((1,), "bit_or({0})", {"name_is_argument": True}),
    "binary_all_xor": ((1,), "bit_xor({0})", {"name_is_argument": True}),
    "*percentile_long*": (
        (2,),
        "CAST(quantile_disc({0}, {1} / 100.0) AS BIGINT)",
        {"name_prefix": "percentile"},
    ),
}
_AVERAGE = "CAST(sum(epoch_us({0})) FILTER (WHERE %s) // count({0}) FILTER (WHERE %s) AS BIGINT)"
for _name, _arity, _which in (("", 1, "true"), ("if", 2, "{1}")):
    _sum = f"CAST(coalesce(sum(epoch_us({{0}})) FILTER (WHERE {_which}), 0) AS BIGINT)"
    _mean = _AVERAGE.replace("%s", _which)
    AGGREGATES |= {
        f"*sum{_name}_span*": (
            (_arity,),
            f"to_microseconds({_sum})",
            {"name_prefix": f"sum{_name}"},
        ),
        f"*avg{_name}_span*": (
            (_arity,),
            f"to_microseconds({_mean})",
            {"name_prefix": f"avg{_name}"},
        ),
        f"*avg{_name}_moment*": (
            (_arity,),
            f"make_timestamp({_mean})",
            {"name_prefix": f"avg{_name}"},
        ),
    }

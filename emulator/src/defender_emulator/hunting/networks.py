"""Functions of IP addresses, as SQL over texts.

Source: the `ipv4_*`, `ipv6_*`, `has_ipv4*` and `format_ipv4*` pages of the Kusto documentation: an
address may carry a prefix (`10.0.0.0/8`); what is no address gives null.
"""

_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_QUAD = rf"^{_OCTET}(\.{_OCTET}){{{{3}}}}$"
_MASK = "(4294967296 - (1 << CAST(32 - {0} AS BIGINT)))"


def _number(text: str) -> str:
    """The number of an address without its prefix, null for none; doubled braces."""
    parts = " + ".join(
        f"TRY_CAST(split_part(_a, '.', {n}) AS BIGINT) * {256 ** (4 - n)}" for n in range(1, 5)
    )
    address = f"split_part(trim({text}), '/', 1)"
    return (
        f"list_transform([{address}], lambda _a: CASE WHEN regexp_matches(_a, '{_QUAD}')"
        f" THEN {parts} END)[1]"
    )


def _prefix(text: str) -> str:
    """The prefix of an address: 32 without one, null for a wrong one."""
    given = f"split_part(trim({text}), '/', 2)"
    return (
        f"(CASE WHEN {given} = '' THEN 32 WHEN TRY_CAST({given} AS INTEGER) BETWEEN 0 AND 32"
        f" THEN TRY_CAST({given} AS INTEGER) END)"
    )


def _masked(text: str, prefix: str) -> str:
    return f"({_number(text)} & {_MASK.format(prefix)})"


def _alike(left: str, right: str, prefix: str) -> str:
    return f"({_masked(left, prefix)} = {_masked(right, prefix)})"


def _least(*prefixes: str) -> str:
    return f"(CASE WHEN {' + '.join(prefixes)} IS NOT NULL THEN least({', '.join(prefixes)}) END)"


_BOTH = _least(_prefix("{0}"), _prefix("{1}"))
_THREE = _least(_prefix("{0}"), _prefix("{1}"), "CAST({2} AS INTEGER)")
_PRIVATE = " OR ".join(
    f"{_number('{0}')} BETWEEN {first} AND {last}"
    for first, last in (
        (167772160, 184549375), (2886729728, 2887778303), (3232235520, 3232301055),
    )
)  # fmt: skip


def _compared(prefix: str) -> str:
    return f"CAST(sign({_masked('{0}', prefix)} - {_masked('{1}', prefix)}) AS BIGINT)"


_RANGES = "CAST(to_json({1}) AS VARCHAR[])"
_IN_LIST = (
    f"list_transform([list_transform({_RANGES}, lambda _r: {_alike('{0}', '_r', _prefix('_r'))})],"
    " lambda _f: CASE WHEN list_contains(_f, true) THEN true WHEN list_contains(_f, false) THEN false END)[1]"
)


def _bits(text: str) -> str:
    """The 128 bits of an address that `parse_ipv6` wrote in full; null for none."""
    return (
        f"nullif(array_to_string(list_transform(string_split({text}, ':'), lambda _h: "
        "lpad(bin(TRY_CAST('0x' || _h AS UINTEGER)), 16, '0')), ''), '')"
    )


def ipv6_alike(left: str, right: str, prefix: str) -> str:
    """Whether the first bits of two full addresses are the same."""
    return f"(left({_bits(left)}, {prefix}) = left({_bits(right)}, {prefix}))"


def ipv6_prefix(text: str) -> str:
    """The prefix of an address as bits of 128; that of an address of version 4 counts from the end."""
    given = f"TRY_CAST(nullif(split_part(trim({text}), '/', 2), '') AS INTEGER)"
    return f"(CASE WHEN strpos({text}, ':') = 0 THEN 96 + coalesce({given}, 32) ELSE coalesce({given}, 128) END)"


_AROUND = "[^0-9A-Za-z]"


def _mentioned(text: str, address: str) -> str:
    found = (
        f"regexp_matches({text}, '(^|{_AROUND})' || regexp_escape({address}) || '($|{_AROUND})')"
    )
    return f"(regexp_matches({address}, '{_QUAD}') AND {found})"


def _begun(text: str, start: str) -> str:
    """A prefix ends with a dot or is a whole address; what it begins is an address."""
    whole = rf"({_OCTET}(\.{_OCTET}){{{{3}}}})"
    apart = f"regexp_replace({text}, '([^0-9A-Za-z.])', '\\1\\1', 'g')"
    found = f"regexp_extract_all({apart}, '(?:^|{_AROUND}){whole}(?:$|{_AROUND})', 1)"
    asked = f"(regexp_matches({start}, '{_QUAD}') OR regexp_matches({start}, '^([0-9]{{{{1,3}}}}\\.){{{{1,3}}}}$'))"
    return f"({asked} AND len(list_filter({found}, lambda _i: starts_with(_i, {start}))) > 0)"


def _any_in_list(test: str) -> str:
    return f"(len(list_filter(CAST(to_json({{1}}) AS VARCHAR[]), lambda _x: {test})) > 0)"


def _dotted(number: str) -> str:
    octets = [f"CAST(({number} >> {8 * n}) & 255 AS VARCHAR)" for n in (3, 2, 1, 0)]
    return " || '.' || ".join(octets)


FUNCTIONS: dict[str, tuple[tuple[int, ...], str]] = {
    "ipv4_is_private": ((1,), f"({_PRIVATE})"),
    "ipv4_is_in_range": ((2,), _alike("{0}", "{1}", _BOTH)),
    "ipv4_is_match": ((2,), _alike("{0}", "{1}", _BOTH)),
    "*ipv4_is_match_3*": ((3,), _alike("{0}", "{1}", _THREE)),
    "ipv4_compare": ((2,), _compared(_BOTH)),
    "*ipv4_compare_3*": ((3,), _compared(_THREE)),
    "*ipv4_is_in_any*": ((2,), _IN_LIST),
    "ipv4_netmask_suffix": (
        (1,),
        f"CAST(CASE WHEN {_number('{0}')} IS NOT NULL THEN {_prefix('{0}')} END AS BIGINT)",
    ),
    "has_ipv4": ((2,), _mentioned("{0}", "{1}")),
    "*has_any_ipv4*": ((2,), _any_in_list(_mentioned("{0}", "_x"))),
    "has_ipv4_prefix": ((2,), _begun("{0}", "{1}")),
    "*has_any_ipv4_prefix*": ((2,), _any_in_list(_begun("{0}", "_x"))),
    "*dotted*": (
        (1,),
        "list_transform([{0}], lambda _n: CASE WHEN _n BETWEEN 0 AND 4294967295"
        f" THEN {_dotted('_n')} ELSE '' END)[1]",
    ),
}

"""The types that functions do not take, read off Microsoft's own language service.

Types that the engine refuses by itself are not listed. A dynamic value stands for any type, but where
it is listed.
"""

from collections.abc import Iterator

_SCALARS = "bool int long real decimal guid"
_NUMBERS_ONLY = """
abs acos asin atan atan2 cos cot degrees exp exp2 exp10 log log10 log2 pow radians sign sin sqrt tan
bin floor round binary_and binary_not binary_or binary_shift_left binary_shift_right binary_xor
unixtime_seconds_todatetime unixtime_milliseconds_todatetime unixtime_microseconds_todatetime
unixtime_nanoseconds_todatetime row_cumsum
"""
_OF_MOMENTS = """
dayofmonth dayofweek dayofyear endofday endofmonth endofweek endofyear format_datetime getmonth getyear
hourofday monthofyear startofday startofmonth startofweek startofyear week_of_year weekofyear
datetime_add datetime_diff datetime_part
"""
_OF_VALUES = """
array_concat array_iff array_iif array_index_of array_length arraylength array_reverse array_slice
array_sort_asc array_sort_desc array_sum bag_has_key bag_keys bag_merge bag_remove_keys
"""
_OF_TEXTS = """
parse_json parsejson todynamic toobject toguid strlen url_decode url_encode url_encode_component
parse_url parse_urlquery parse_path parse_csv parse_version
"""
_OF_SETS = "set_difference set_equals set_intersect set_union jaccard_index"
_FIRST: tuple[tuple[str, str], ...] = (
    (_OF_VALUES, f"{_SCALARS} string"),
    (_OF_TEXTS, _SCALARS),
    (_OF_SETS, f"{_SCALARS} string"),
    ("make_bag make_bag_if", f"{_SCALARS} string"),
    ("not countif", "int long real decimal string"),
    ("ipv6_compare ipv6_is_in_range ipv6_is_match", "int long"),
    ("tohex", "dynamic real string bool"),
    ("isnan isinf isfinite", "decimal bool"),
    ("hash_md5 hash_sha1 hash_sha256 count_distinct count_distinctif", "dynamic"),
    ("sum sumif avg avgif", "bool dynamic string"),
    ("min max minif maxif", "guid dynamic"),
    ("arg_max arg_min argmax argmin", "guid dynamic"),
    ("base64_encode_tostring base64_encodestring", "guid"),
)
_ANY: tuple[tuple[str, str], ...] = (
    (_NUMBERS_ONLY, "bool string"),
    ("make_datetime", "bool"),
    (_OF_MOMENTS, "timespan"),
    (_OF_SETS, f"{_SCALARS} string"),
    ("array_concat bag_merge", f"{_SCALARS} string"),
    ("ipv6_compare ipv6_is_in_range ipv6_is_match", "bool real decimal guid"),
    ("max_of min_of", "guid"),
)


_NO_DECIMALS = """
round bin floor bin_at avg avgif percentile percentiles percentiles_array stdev stdevif stdevp
variance varianceif variancep exp log log2 log10 sqrt pow row_cumsum tostring strcat strcat_delim
make_list make_set make_list_if make_set_if make_list_with_nulls bag_pack pack pack_array
pack_dictionary bag_pack_columns
"""
NO_DECIMALS = frozenset(_NO_DECIMALS.split())
"""What the engine would calculate with reals, or write with nine digits."""


def _pairs(rules: tuple[tuple[str, str], ...]) -> Iterator[tuple[str, frozenset[str]]]:
    for names, kinds in rules:
        for name in names.split():
            yield name, frozenset(kinds.split())


FIRST = dict(_pairs(_FIRST))
"""By function, what its first argument is not."""
ANY = dict(_pairs(_ANY))
"""By function, what none of its arguments is."""

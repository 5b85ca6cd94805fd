import contextlib
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from defender365.core.errors import BadInput
from defender365.core.spec import Kind, Param, param, params_of, parse, split_list


@dataclass(frozen=True)
class Sample:
    who: str = param("Who To Ask", "Somebody.", mandatory=True)
    count: int = param("Max Rows", "Rows.", kind=Kind.INTEGER, default=50, minimum=1, maximum=99)
    strict: bool = param("Be Strict", "Strictness.", kind=Kind.CHECKBOX, default=True)
    order: str = param(
        "Order", "Sorting.", kind=Kind.CHOICE, default="ASC", choices=("ASC", "DESC")
    )
    sources: tuple[str, ...] = param("Sources", "Some.", kind=Kind.LIST, default="a, b")
    secret: str = param("A Secret", "Hush.", kind=Kind.SECRET)


def test_what_is_absent_or_blank_takes_the_default():
    assert parse(Sample, {"Who To Ask": " me ", "Max Rows": "", "Order": None}) == Sample("me")


def test_what_a_person_types_is_read_by_kind():
    found = parse(
        Sample,
        {
            "Who To Ask": "me", "Max Rows": " 7 ", "Be Strict": "False", "Order": "desc",
            "Sources": "x,, y ,x", "A Secret": " keeps blanks ",
        },
    )  # fmt: skip
    assert found == Sample("me", 7, False, "DESC", ("x", "y"), " keeps blanks ")


def test_all_bad_parameters_are_told_at_once():
    with pytest.raises(BadInput) as caught:
        parse(Sample, {"Max Rows": "0", "Be Strict": "maybe", "Order": "up", "Foo": "1"})
    assert caught.value.problems == (
        '"Who To Ask" is mandatory and was not provided.',
        '"Max Rows" must be 1 or more, not 0.',
        '"Be Strict" must be true or false, not "maybe".',
        '"Order" must be one of ASC, DESC; not "up".',
        'There is no parameter "Foo".',
    )


@pytest.mark.parametrize("typed", ["x", "1.5", "1e3", "٣", "9" * 30, True, "0x10", "--1"])
def test_no_whole_number_is_refused(typed):
    with pytest.raises(BadInput, match=r'"Max Rows" (must be|is too large)'):
        parse(Sample, {"Who To Ask": "me", "Max Rows": typed})


def test_a_number_above_the_maximum_is_refused():
    with pytest.raises(BadInput, match='"Max Rows" must be 99 or less, not 100'):
        parse(Sample, {"Who To Ask": "me", "Max Rows": "100"})


@given(st.dictionaries(st.sampled_from([p.name for p in params_of(Sample).values()]), st.text()))
def test_any_text_gives_values_or_bad_input_and_nothing_else(typed):
    with contextlib.suppress(BadInput):
        found = parse(Sample, typed)
        assert found.order in {"ASC", "DESC"}
        assert 1 <= found.count <= 99


def test_a_name_gives_option_and_variable():
    declaration = Param("Script Timeout (Seconds)", "")
    assert (declaration.option, declaration.variable) == (
        "script-timeout-seconds",
        "SCRIPT_TIMEOUT_SECONDS",
    )


def test_a_list_keeps_order_and_drops_blanks_and_repeats():
    assert split_list(" b , a,,b, ") == ("b", "a")


def test_choices_of_a_list_are_checked():
    @dataclass(frozen=True)
    class Choosy:
        words: tuple[str, ...] = param(
            "Words", "", kind=Kind.LIST, choices=("In Progress", "active")
        )

    assert parse(Choosy, {"Words": "inProgress,ACTIVE"}).words == ("In Progress", "active")
    with pytest.raises(BadInput, match='"Words" must be one of'):
        parse(Choosy, {"Words": "gone"})

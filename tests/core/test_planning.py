from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from defender365.core.model import UNKNOWN_TIME, Incident
from defender365.core.planning import (
    DAY,
    DEEP,
    MAX_ANCHORS,
    MAX_HEAVY,
    OVERLAP,
    PAGE,
    SECOND,
    Heavy,
    Pass,
    may_expand,
    page_size,
)

NOW = 17_000_000_000
T0 = NOW * SECOND


def incident(number: int, seconds: float) -> Incident:
    return Incident(str(number), T0 + int(seconds * SECOND), {})


def test_a_first_pass_starts_where_it_is_told_and_nothing_older_is_ever_asked_for():
    walk = Pass.first(T0, now=100)
    walk.finish(now=110)
    assert walk.resumed(now=200).position == T0


def test_a_page_starts_at_the_last_time_and_passes_over_what_was_seen_there():
    walk = Pass.first(T0, now=0)
    for number, seconds in ((1, 5), (2, 9), (3, 9)):
        walk.handled(incident(number, seconds))
    assert walk.position == T0 + 9 * SECOND
    assert (walk.pass_over(), walk.pass_over(whole=True)) == (1, 2)
    assert walk.recheck == 0


def test_a_page_that_does_not_begin_with_the_one_before_is_asked_for_again():
    walk = Pass.first(T0, now=0)
    walk.handled(incident(1, 5))
    walk.doubt()
    assert walk.recheck == T0 + 5 * SECOND


def test_a_pass_that_doubts_where_it_began_is_followed_by_one_that_begins_before():
    walk = Pass.first(T0, now=0)
    walk.doubt()
    assert walk.recheck == T0 - 1


def test_a_new_pass_starts_an_overlap_and_the_last_pass_duration_before_the_newest():
    walk = Pass.first(T0, now=NOW)
    walk.handled(incident(1, 10_000))
    walk.finish(now=NOW + 300)
    walk.deep = NOW + 10_000
    following = walk.resumed(now=NOW + 10_999)
    assert following.position == T0 + 10_000 * SECOND - OVERLAP - 300 * SECOND
    assert following.pass_over() == 0
    assert not following.complete


def test_every_half_hour_a_pass_starts_three_hours_before_the_newest():
    walk = Pass.first(T0, now=NOW)
    starts = []
    for minute in range(1_000, 1_062):
        walk.handled(incident(minute, minute * 60))
        walk.finish(NOW + minute * 60)
        walk = walk.resumed(NOW + minute * 60)
        starts.append(T0 // SECOND + minute * 60 - walk.position // SECOND)
    # A pass of a minute adds that minute; the first one lasted as long as all before it.
    assert Counter(starts[1:]) == {OVERLAP // SECOND + 60: 59, DEEP // SECOND + 60: 2}
    assert [n for n, back in enumerate(starts) if back > OVERLAP // SECOND + 60] == [0, 30, 60]


def test_a_clock_that_was_set_back_does_not_end_the_looks_further_back():
    walk = Pass.first(T0, now=NOW + 10 * DAY)
    walk.handled(incident(1, 20_000))
    walk.finish(NOW)
    assert walk.resumed(NOW + 20_000).position == T0 + 20_000 * SECOND - DEEP


def test_a_pass_that_has_not_reached_the_end_goes_on_where_it_stands():
    walk = Pass.first(T0, now=0)
    walk.handled(incident(1, 5))
    assert walk.resumed(now=99) is walk


def test_an_incident_that_moved_while_it_was_passed_over_makes_its_time_asked_again():
    walk = Pass.first(T0, now=0)
    walk.handled(incident(1, 5))
    walk.pass_over()
    walk.handled(incident(2, 50_000))
    walk.handled(incident(1, 90_000))
    assert walk.recheck == T0 + 5 * SECOND
    walk.finish(now=10)
    assert walk.resumed(now=NOW + 95_000).position == T0 + 5 * SECOND


def test_an_incident_that_moved_and_comes_first_on_the_next_page_makes_its_time_asked_again():
    walk = Pass.first(T0, now=0)
    walk.handled(incident(1, 5))
    walk.pass_over()
    walk.handled(incident(1, 90_000))
    assert walk.recheck == T0 + 5 * SECOND


def test_times_far_ahead_and_forgotten_ones_do_not_move_the_start():
    walk = Pass.first(T0, now=T0 // SECOND)
    walk.handled(incident(1, 10 * DAY))
    walk.finish(T0 // SECOND)
    walk.deep = NOW + 9_000
    assert walk.resumed(NOW + 9_000).position == T0 + 9_000 * SECOND - OVERLAP
    forgotten = T0 + 2 * DAY * SECOND
    assert walk.resumed(T0 // SECOND, forgotten).position == forgotten + 1


def test_a_repeat_at_the_same_time_makes_that_time_asked_again():
    walk = Pass.first(T0, now=0)
    walk.handled(incident(1, 5))
    walk.handled(incident(1, 5))
    assert walk.recheck == T0 + 5 * SECOND


def test_a_service_that_does_not_keep_the_order_makes_the_pass_start_again():
    walk = Pass.first(T0, now=0)
    walk.handled(incident(1, 50))
    walk.handled(incident(2, 40))
    assert walk.recheck == T0
    assert walk.position == T0 + 50 * SECOND


def test_an_unknown_time_moves_nothing():
    walk = Pass.first(T0, now=0)
    walk.handled(Incident("1", UNKNOWN_TIME, {}))
    assert (walk.position, walk.pass_over(whole=True), walk.newest) == (T0, 1, 0)


def test_the_anchors_stay_bounded():
    walk = Pass.first(T0, now=0)
    for number in range(MAX_ANCHORS + 50):
        walk.handled(incident(number, number + 1))
        walk.pass_over()
    assert len(walk.anchors) == MAX_ANCHORS
    assert walk.recheck == T0 + 1 * SECOND


def test_a_long_pass_counts_for_a_day_at_most():
    walk = Pass.first(T0, now=0)
    walk.finish(now=10 * DAY)
    assert walk.took == DAY


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5)), max_size=30))
def test_a_pass_survives_json_whatever_it_saw(seen):
    walk = Pass.first(T0, now=0)
    for number, seconds in seen:
        walk.handled(incident(number, seconds))
    assert Pass.from_json(walk.as_json()) == walk


def test_a_walk_far_behind_has_a_pass_of_what_is_new_beside_it_and_joins_it():
    walk = Pass.first(T0 - DAY * SECOND, now=NOW)
    assert walk.lags(NOW)
    assert not Pass.first(T0 - 3600 * SECOND, now=NOW).lags(NOW)
    fresh = walk.ahead(NOW)
    fresh.handled(incident(1, 100))
    fresh.finish(NOW + 60)
    assert fresh.resumed(NOW + 120).position == T0 + 40 * SECOND - OVERLAP
    walk.handled(incident(2, -OVERLAP // SECOND - 1))
    assert not walk.reached(fresh)
    walk.handled(incident(3, -OVERLAP // SECOND))
    assert walk.reached(fresh)
    one = walk.joined(fresh, NOW + 600)
    assert (one.position, one.newest, one.complete) == (fresh.position, fresh.newest, True)
    # The next pass begins an overlap, and as long as the backlog took, before the newest.
    assert one.resumed(NOW + 700).position == T0 + 100 * SECOND - OVERLAP - 600 * SECOND


def test_a_joined_walk_asks_again_what_either_of_them_would():
    walk, fresh = Pass.first(T0 - 9, now=0), Pass.first(T0, now=0)
    walk.position, walk.recheck, walk.anchors = T0 + 5, T0 - 7, {"a": 1}
    fresh.recheck, fresh.anchors = T0 + 3, {"b": 2}
    one = walk.joined(fresh, 1)
    assert (one.recheck, one.anchors, one.complete) == (T0 - 7, {"a": 1, "b": 2}, False)


@given(st.integers(0, 4), st.integers(1, 50))
def test_what_is_known_of_heavy_incidents_survives_json(failed, size):
    heavy = Heavy({"1": 5}, ["1", "2"], failed, size)
    assert Heavy.from_json(heavy.as_json()) == heavy


def test_heavy_incidents_are_remembered_within_bounds_and_for_a_day():
    heavy = Heavy()
    for number in range(MAX_HEAVY + 100):
        heavy.remember(incident(number, number))
    assert len(heavy.seen) == MAX_HEAVY
    newest = MAX_HEAVY + 99
    assert heavy.near(T0 + (newest + DAY) * SECOND)
    assert not heavy.near(T0 + (newest + 1 + DAY) * SECOND)
    assert not Heavy().near(0)


def test_a_page_holds_what_may_be_taken_and_what_will_be_recognised():
    assert page_size(10, 0, 0) == 10
    assert page_size(10, 5, 0) == 15
    assert page_size(100, 0, 0) == PAGE
    assert page_size(10, 0, 2) == 40
    assert page_size(0, 0, 0) == 1


def test_a_list_is_expanded_up_to_a_heavy_incident_which_is_taken_alone():
    assert may_expand(["1", "2", "3"], {}, []) == 3
    assert may_expand(["1", "2", "3"], {"3"}, []) == 2
    assert may_expand(["3", "1"], {"3"}, []) == 0


@given(st.integers(1, 50), st.integers(0, 49))
def test_the_one_that_makes_a_page_fail_is_found_in_a_handful_of_requests(size, position):
    heads = [str(number) for number in range(size)]
    bad = heads[position % size]
    suspects, requests = list(heads), 0
    while (asked := may_expand(heads, {}, suspects)) > 0:
        requests += 1
        if bad in heads[:asked]:
            suspects = suspects[:asked]
        else:
            heads, suspects = heads[asked:], suspects[asked:]
    assert heads[0] == bad
    assert requests <= 6

from collections import Counter

import pytest
from prometheus_client.parser import text_string_to_metric_families

from defender365.core.errors import ServiceFailed
from defender365.core.planning import SECOND, Pass
from defender365.core.runs import MOST_LABELS, Runs
from defender365.core.state import State, dump_state, load_state
from defender365.core.status import metrics, status
from defender365.core.summary import Summary

NOW = 1_800_000_000


def summary(**more) -> Summary:
    return Summary(
        3, 2, 5, Counter({"dynamic_list": 4}), 1, requests=Counter(incidents=2, token=1),
        budget_left={"incidents": 148, "alerts": 20}, started=NOW, ended=NOW + 2.5, **more,
    )  # fmt: skip


def a_state() -> State:
    state = State(walk=Pass.first(NOW * SECOND, NOW))
    state.walk.finish(NOW)
    state.ledger.delivered("1", NOW * SECOND, ["a", "b"], at=NOW)
    state.runs.ended(summary())
    return state


def families(state: State) -> dict[str, dict[tuple[str, ...], float]]:
    """What Prometheus' own parser reads."""
    text = metrics(state, 1234)
    return {
        family.name: {tuple(s.labels.values()): s.value for s in family.samples}
        for family in text_string_to_metric_families(text)
    }


def test_counts_of_all_runs_are_added_up_and_survive_the_states_text():
    state = a_state()
    state.runs.ended(summary(failure=ServiceFailed("HTTP 503")))
    state = load_state(dump_state(state))
    found = families(state)
    name = "defender365_connector"
    assert found[f"{name}_alerts_delivered"] == {(): 10}
    assert found[f"{name}_filtered"] == {("dynamic_list",): 8}
    assert found[f"{name}_requests"] == {("incidents",): 4, ("token",): 2}
    assert found[f"{name}_runs"] == {("ok",): 1, ("failed",): 1}
    assert found[f"{name}_failures"] == {("ServiceFailed",): 1}
    assert found[f"{name}_last_run_duration_seconds"] == {(): 2.5}
    assert found[f"{name}_position_timestamp_seconds"] == {(): NOW}
    assert found[f"{name}_budget_left_requests"] == {("alerts",): 20, ("incidents",): 148}
    assert found[f"{name}_remembered_alerts"] == {(): 2}
    assert found[f"{name}_state_characters"] == {(): 1234}


def test_every_metric_is_described_and_named_by_the_conventions():
    for family in text_string_to_metric_families(metrics(a_state(), 1)):
        assert family.documentation.endswith(".")
        assert family.name.startswith("defender365_connector_")
        if family.type == "counter":
            assert all(sample.name.endswith("_total") for sample in family.samples)
        if "timestamp" in family.name or "duration" in family.name:
            assert family.name.endswith("_seconds")


def test_a_state_that_never_ran_has_counts_of_nought():
    found = families(State())
    assert found["defender365_connector_alerts_delivered"] == {(): 0}
    assert found["defender365_connector_backlog"] == {(): 0}


def test_labels_are_escaped_and_bounded():
    runs = Runs()
    for number in range(MOST_LABELS + 20):
        runs.ended(Summary(filtered=Counter({f'rule "{number}"\n\\': 1})))
    assert len(runs.totals["filtered"]) == MOST_LABELS + 1
    assert runs.totals["filtered"]["other"] == 20
    found = families(State(runs=runs))
    assert found["defender365_connector_filtered"][('rule "7"\n\\',)] == 1


@pytest.mark.parametrize(
    ("change", "word", "said"),
    [
        (lambda s: s.follow.clear(), "ok", "The last run ended 58 seconds ago, at 2027-01-15T08:00:02Z"),
        (lambda s: s.throttle(NOW + 50, 90), "throttled", "nothing is asked for until"),
        (lambda s: s.runs.ended(summary(failure=ServiceFailed("HTTP 503."))), "failing",
         "It ended early: HTTP 503. The last good run ended at 2027-01-15T08:00:02Z."),
        (lambda s: setattr(s.walk, "complete", False), "behind", "A backlog is being read"),
        (lambda s: s.set_aside("7", "why", NOW), "ok", "Set aside: 7; connector explain says why."),
        (lambda s: setattr(s, "runs", Runs()), "never run", "has not run with this memory yet"),
    ],
)  # fmt: skip
def test_the_status_is_a_word_and_sentences(change, word, said):
    state = a_state()
    change(state)
    found = status(state, 1234, NOW + 60)
    assert found.word == word
    assert said in " ".join(found.sentences)
    assert found.as_dict()["status"] == word


def test_a_run_that_is_told_in_one_line_tells_everything():
    line = summary(backlog=True).line()
    for part in ("3 incidents seen", "2 processed", "5 alerts delivered", "dynamic_list 4", "set aside: 1",
                 "incidents 2, token 1", "incidents 148, alerts 20", "next poll: 2027-01-15T08:00:02Z"):  # fmt: skip
        assert part in line

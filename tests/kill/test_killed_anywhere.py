"""The real program is killed at every request and every write, alone and in sequences."""

import pytest

from tests.kill.sequences import A_RUN_COSTS, sequence
from tests.kill.trial import Trial

pytestmark = pytest.mark.wire
SLICES = 8
SEEDS = 50


def test_the_points_of_a_run_are_its_requests_and_its_writes(trial: Trial):
    points = trial.run().points
    assert points[:3] == ["mkdir memory", "open state.json.lock", "lock state.json.lock"]
    assert points.count("connect network") == 1
    assert points.count("write network") >= 4  # the handshake, a sign-in, two pages
    assert points.count("half of write alerts.jsonl") >= 2
    assert points.count("half of write .state.json.*") >= 4  # at once, with each page, at the end
    assert points.count("rename .state.json.* state.json") >= 4
    assert points[-1] == "write stdout"


def test_a_delivery_lasts_before_the_state_says_so(trial: Trial):
    lasting = True
    for point in trial.run().points:
        if point == "rename .state.json.* state.json":
            assert lasting
        elif point.endswith("alerts.jsonl"):
            lasting = point == "fsync alerts.jsonl"


@pytest.mark.parametrize("part", range(SLICES))
def test_a_run_killed_at_any_point_loses_and_doubles_nothing(part: int, new_trial):
    lives = new_trial()
    points = len(lives.run().points)
    lives.until_quiet()
    for stop in range(part, points, SLICES):
        trial = new_trial()
        trial.until_quiet([{"stop_at": stop}])
        assert trial.findings == []
        assert trial.requests() <= lives.requests() + A_RUN_COSTS


@pytest.mark.parametrize("first", range(0, SEEDS, 5))
def test_kills_in_a_row_with_faults_in_between_lose_nothing(
    first: int, emulator, nursery, tmp_path
):
    for seed in range(first, first + 5):
        outcome = sequence(emulator, nursery, tmp_path / str(seed), seed, kills=4)
        assert outcome.findings == []


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_line_half_written_is_taken_off_by_the_next_run(share: float, trial: Trial):
    for _ in range(3):
        assert trial.run(stop_at="half of write alerts.jsonl", share=share).killed
        lines, torn = trial.lines()
        assert lines or torn
    trial.until_quiet()
    assert trial.findings == []
    assert trial.lines()[1] == b""

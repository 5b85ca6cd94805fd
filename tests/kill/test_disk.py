"""Trouble with the disk: full, read-only, gone; and what a write of the state is made of."""

import multiprocessing
import resource
from pathlib import Path

import pytest

from defender365.core.state import State, dump_state, load_state
from defender365.stores.files import StateFile
from tests.kill.reading import read_on_and_on
from tests.kill.runs import Ending, Nursery
from tests.kill.trial import Trial

pytestmark = pytest.mark.wire
STATE_WRITTEN = "open .state.json.*"


def told(ending: Ending) -> str:
    """What a failed run said, to a person or a program."""
    assert ending.status == 1
    assert "Traceback" not in ending.stderr
    return ending.stdout + ending.stderr


def all_is_well_again(trial: Trial) -> None:
    trial.until_quiet()
    assert trial.findings == []


def fill_the_disk(trial: Trial, nursery: Nursery, point: str | int) -> Ending | None:
    """A run that finds no room from this point on; None when it never comes there."""
    held = nursery.hold(trial.order(stop_at=point))
    if held is None:
        return None
    _, hard = resource.prlimit(held["pid"], resource.RLIMIT_FSIZE)
    resource.prlimit(held["pid"], resource.RLIMIT_FSIZE, (1, hard))
    return nursery.release()


def test_a_full_disk_at_any_point_loses_and_doubles_nothing(new_trial, nursery):
    points = new_trial().run().points
    writes = [
        n for n, p in enumerate(points) if p.startswith("open .state") or p == "write alerts.jsonl"
    ]
    failed = 0
    for point in writes:
        trial = new_trial()
        ending = fill_the_disk(trial, nursery, point)
        if ending is not None and ending.status:
            failed += 1
            assert "cannot be written: File too large." in told(ending)
        if ending is not None:
            trial.check_memory(ending)
        all_is_well_again(trial)
    assert failed >= len(writes) - 1


def test_a_disk_that_is_full_before_a_run_is_told_before_anything_is_delivered(
    trial: Trial, nursery
):
    trial.run()
    before, lines = trial.state_path.read_text(), trial.lines()
    ending = fill_the_disk(trial, nursery, STATE_WRITTEN)
    assert "cannot be written: File too large." in told(ending)
    assert trial.state_path.read_text() == before
    assert trial.lines() == lines
    all_is_well_again(trial)


def test_a_state_without_room_is_named(trial: Trial, nursery):
    ending = fill_the_disk(trial, nursery, STATE_WRITTEN)
    assert "state.json" in told(ending)


def test_an_output_without_room_is_told(trial: Trial):
    trial.run()
    before, output = trial.state_path.read_text(), trial.output
    trial.output = Path("/dev/full")
    ending = trial.ask()
    trial.output = output
    assert "/dev/full cannot be written: No space left on device." in told(ending)
    assert known(trial.state_path.read_text()) == known(before)
    all_is_well_again(trial)


def known(text: str) -> list[str]:
    """The incidents that a state remembers."""
    return sorted(load_state(text).ledger.entries)


def test_a_read_only_folder_is_told_before_anything_is_delivered(trial: Trial):
    trial.run()
    before, lines = trial.state_path.read_text(), trial.lines()
    trial.memory.chmod(0o500)
    ending = trial.ask(powerless=True)
    trial.memory.chmod(0o700)
    assert "cannot be written: Permission denied." in told(ending)
    assert str(trial.memory) in told(ending)
    assert trial.state_path.read_text() == before
    assert trial.lines() == lines
    all_is_well_again(trial)


@pytest.mark.parametrize("place", ["/proc/defender365/state.json", "/dev/null/state.json"])
def test_a_place_where_nothing_can_be_kept_is_told(place: str, trial: Trial):
    kept, trial.state_path = trial.state_path, Path(place)
    ending = trial.ask()
    trial.state_path = kept
    assert str(Path(place).parent) in told(ending)
    assert "cannot be written" in told(ending)
    assert trial.lines() == ([], b"")
    all_is_well_again(trial)


@pytest.mark.parametrize("point", ["connect network", "write alerts.jsonl", "fsync alerts.jsonl"])
def test_a_folder_that_vanishes_is_made_again(point: str, trial: Trial, nursery, tmp_path):
    assert nursery.hold(trial.order(stop_at=point)) is not None
    trial.memory.rename(tmp_path / "gone")
    ending = nursery.release()
    assert ending.status == 0
    trial.check_memory(ending)
    all_is_well_again(trial)


@pytest.mark.parametrize("point", ["connect network", "write alerts.jsonl", "fsync alerts.jsonl"])
def test_a_folder_that_something_else_takes_the_place_of_is_told(
    point: str, trial: Trial, nursery, tmp_path
):
    trial.run()
    before = trial.state_path.read_text()
    assert nursery.hold(trial.order(stop_at=point)) is not None
    trial.memory.rename(tmp_path / "kept")
    trial.memory.write_text("no folder")
    assert str(trial.memory) in told(nursery.release())
    trial.memory.unlink()
    (tmp_path / "kept").rename(trial.memory)
    assert known(trial.state_path.read_text()) >= known(before)
    all_is_well_again(trial)


def test_a_state_is_written_beside_synced_and_put_in_place(trial: Trial):
    points = [p for p in trial.run().points if "half" not in p and "mkdir" not in p]
    ends = [n for n, point in enumerate(points) if point == "rename .state.json.* state.json"]
    for end in ends:
        assert points[end - 3 : end + 2] == [
            "open .state.json.*", "write .state.json.*", "fsync .state.json.*",
            "rename .state.json.* state.json", "fsync memory",
        ]  # fmt: skip


def test_a_reader_never_sees_half_a_state(tmp_path):
    path = tmp_path / "state.json"
    StateFile(path).write(dump_state(State()))
    apart = multiprocessing.get_context("spawn")  # a fork would copy the emulator's threads
    begun, enough, answers = apart.Event(), apart.Event(), apart.Queue()
    reader = apart.Process(target=read_on_and_on, args=(path, begun, enough, answers))
    reader.start()
    assert begun.wait(60)
    for number in range(200):
        StateFile(path).write(dump_state(State(carried={"filling": "x" * (number % 7) * 20_000})))
    enough.set()
    whole, broken = answers.get(timeout=60)
    reader.join()
    assert broken == []
    assert whole > 1

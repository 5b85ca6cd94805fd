"""Two connectors on one state: the second refuses while the first lives, and runs once it is dead."""

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest

from tests.kill.runs import import_path
from tests.kill.trial import Trial
from tests.lab import LIST

pytestmark = pytest.mark.wire
REFUSED = "Another run is using the state file"


@contextmanager
def first_of_all(trial: Trial):
    """A connector of its own process, held by an answer that takes its time."""
    fault = trial.world.faults.add(kind="slow", route=LIST, seconds=2)
    process = program(trial)
    try:
        while not fault.struck:
            with pytest.raises(subprocess.TimeoutExpired):  # it lives
                process.wait(0.02)
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def program(trial: Trial) -> subprocess.Popen[str]:
    """`defender365 connector run` as a person starts it."""
    return subprocess.Popen(
        [sys.executable, "-m", "defender365", *trial.order()["arguments"]], text=True,
        env={**trial.environment, **import_path()}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def said(process: subprocess.Popen[str]) -> str:
    """What it said until its end."""
    stdout, stderr = process.communicate(timeout=60)
    assert "Traceback" not in stderr
    return stdout + stderr


def test_a_second_run_refuses_while_the_first_waits_for_an_answer(trial: Trial):
    with first_of_all(trial) as first:
        second = program(trial)
        assert f"{REFUSED} {trial.state_path}." in said(second)
        assert second.returncode == 1
        assert first.poll() is None
        assert json.loads(said(first))["alerts_delivered"] == 16
        assert first.returncode == 0
    trial.until_quiet()
    assert trial.findings == []
    assert len(trial.lines()[0]) == 24


def test_a_second_run_refuses_while_the_first_is_stopped_and_runs_once_it_is_dead(trial: Trial):
    with first_of_all(trial) as first:
        first.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, first.pid, os.WSTOPPED | os.WNOWAIT)
        for _ in range(2):
            second = program(trial)
            assert REFUSED in said(second)
            assert second.returncode == 1
        first.kill()
        first.wait()
        second = program(trial)
        assert json.loads(said(second))["alerts_delivered"] == 16
        assert second.returncode == 0
    trial.until_quiet()
    assert trial.findings == []


@pytest.mark.parametrize(
    "point",
    [
        "open alerts.jsonl",
        "connect network",
        "write alerts.jsonl",
        "rename .state.json.* state.json",
    ],
)
def test_wherever_the_first_stands_the_second_refuses(point: str, trial: Trial, nursery):
    assert nursery.hold(trial.order(stop_at=point)) is not None
    before = trial.lines()
    second = program(trial)
    assert REFUSED in said(second)
    assert second.returncode == 1
    assert trial.lines() == before
    assert nursery.release(kill=True).killed
    third = program(trial)
    said(third)
    assert third.returncode == 0
    trial.until_quiet()
    assert trial.findings == []

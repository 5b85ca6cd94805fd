import json
import signal
import subprocess
import sys

import pytest

from defender_emulator.__main__ import arguments, main, make
from defender_emulator.coverage import main as coverage
from defender_emulator.routes import ROUTES
from defender_emulator.server import Emulator, PortTaken
from tests.stories import story

pytestmark = pytest.mark.wire


def test_it_prints_one_line_serves_and_ends_on_a_signal(tmp_path):
    command = [
        sys.executable, "-m", "defender_emulator", "--port", "0", "--scenario", "noisy", "--option",
        "incidents=3", "--start", "2026-01-01T00:00:00Z", "--speed", "stepped", "--ca-dir",
        str(tmp_path),
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    ready = json.loads(process.stdout.readline())
    assert ready["ca_bundle"].startswith(str(tmp_path))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "told",
    [
        ["--scenario", "nothing"],
        ["--option", "nothing=1"],
        ["--start", "soon"],
        ["--speed", "fast"],
        ["--port", "99999"],
        ["--ca-dir", "/proc/nowhere"],
    ],
)
def test_what_makes_no_sense_is_one_line_and_exit_code_1(told, capsys):
    assert main(told) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1


def test_a_port_that_is_taken_is_told(capsys):
    with Emulator(story([])) as running:
        port = running.url.rpartition(":")[2]
        assert main(["--port", port]) == 1
        assert f"Port {port} on 127.0.0.1 cannot be had" in capsys.readouterr().err
        with pytest.raises(PortTaken):
            Emulator(story([]), port=int(port))


def test_an_address_of_the_other_family_is_bracketed():
    try:
        emulator = make(arguments(["--host", "::1"]))
    except PortTaken:
        pytest.skip("this machine has no IPv6")
    assert emulator.url.startswith("https://[::1]:")
    emulator.close()


def test_the_coverage_page_is_what_the_routes_say(capsys):
    assert coverage(["--check"]) == 0
    assert coverage([]) == 2
    assert {route.name for route in ROUTES} >= {"graph.incidents.list", "defender.hunting"}

"""The demo, told in no time: its clock is the test's, and the attack unfolds as it waits."""

from datetime import timedelta

import click
import pytest

from defender365.hosts.cli import demo
from defender365.runtime import Host
from tests.fakes import START
from tests.lab import Lab

pytestmark = pytest.mark.wire


class Fast(Lab):
    """A lab whose emulator moves as much faster than its client as the demo's does."""

    def _sleep(self, seconds: float) -> None:
        self.time.advance(seconds)
        self.world.clock.advance(seconds * demo.SPEED)


def story_of(lab: Lab, home) -> demo.Story:
    fast = Fast(lab.emulator)
    fast.world.build("attack", 7, START - timedelta(hours=24), {})
    fast.world.clock.set_factor(0.0)
    return demo.Story(fast.settings(), Host({"HOME": str(home)}), fast.time.clock)


def test_the_demo_tells_the_whole_story(lab: Lab, tmp_path, capsys):
    demo._tell(story_of(lab, tmp_path))
    shown = capsys.readouterr().out
    assert "An attack unfolds over 24 hours" in shown
    assert "Ransomware" in shown
    assert "ProcessCommandLine" in shown
    assert "Successfully added comment to incident" in shown
    assert "Successfully updated incident" in shown
    assert "each once, in" in shown
    assert "none per alert" in shown


def test_the_demo_ends_with_a_sentence_when_something_fails(lab: Lab, tmp_path):
    story = story_of(lab, tmp_path)
    lab.world.faults.add(kind="status", status=400, route="graph.incidents.list", times=None)
    with pytest.raises(click.ClickException, match="did not succeed"):
        demo._tell(story)
    with pytest.raises(click.ClickException, match="A fault of the emulator's"):
        demo._poll(story, 1)


def test_the_emulator_of_the_demo_runs_and_ends():
    with demo.emulator(seed=3) as ready:
        assert ready["url"].startswith("https://127.0.0.1:")
        assert demo._settings(ready).graph_api_root == ready["url"]

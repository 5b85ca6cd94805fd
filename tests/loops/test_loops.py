"""The reference loops really work: from a quiet tenant each delivers everything, once."""

from collections import Counter

import pytest

from tests.loops.created_time import CreatedTime
from tests.loops.ours import Ours
from tests.loops.page_and_stop import PageAndStop
from tests.loops.per_incident import PerIncident
from tests.loops.stage import Stage
from tests.stories import opened, story

pytestmark = pytest.mark.wire

LOOPS = (Ours, PerIncident, CreatedTime, PageAndStop)


@pytest.mark.parametrize("kind", LOOPS, ids=lambda kind: kind.name)
def test_a_quiet_tenant_is_delivered_whole_and_once(lab, kind):
    lab.load(story([c for n in range(1, 121) for c in opened(n, n / 4 + 0.1)]))
    stage = Stage(lab.emulator)
    loop = kind(stage)
    for _ in range(17):
        stage.run(loop)
        stage.pass_time(120 - stage.now % 120)
    loop.close()
    assert stage.failures == []
    assert Counter(one.alert_id for one in stage.delivered) == Counter(
        f"da{number}-{letter}" for number in range(1, 121) for letter in "abc"
    )

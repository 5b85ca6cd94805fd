"""The default story: one attack on one company, unfolding over a day."""

from datetime import datetime, timedelta

from defender_emulator.scenario import Scenario
from defender_emulator.scenarios import (
    attack_bystanders,
    attack_impact,
    attack_intrusion,
    attack_traces,
)
from defender_emulator.scenarios.company import Company
from defender_emulator.scenarios.options import Options
from defender_emulator.scenarios.story import Story
from defender_emulator.scenarios.telemetry import Telemetry

TITLE = "A ransomware attack on one company, unfolding over 24 hours"


def build(*, seed: int, start: datetime, options: Options) -> Scenario:
    """Tell the attack from `start` on, after a quiet day of small incidents."""
    options.only("background")
    rows = options.background(default=20_000)
    company = Company(seed)
    story = Story(company, start)
    attack_intrusion.tell(story)
    attack_impact.tell(story)
    attack_bystanders.tell(story)
    changes = story.changes()
    return Scenario(
        name="attack",
        title=TITLE,
        tenant_id=company.tenant_id,
        start=start,
        end=start + timedelta(hours=24),
        changes=changes,
        rows=Telemetry(changes, company, start, rows=rows, more=attack_traces.rows),
    )

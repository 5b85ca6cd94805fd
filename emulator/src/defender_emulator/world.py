"""Everything one emulator holds: the tenant, its clock, limits, faults, identity and journal."""

from datetime import datetime
from typing import Any

from defender_emulator.clock import REAL, VirtualClock, machine_seconds
from defender_emulator.faults import Faults
from defender_emulator.hunt import Hunting
from defender_emulator.identity import DEFAULT, SECRET, Identity
from defender_emulator.journal import Journal
from defender_emulator.limits import Limits
from defender_emulator.scenario import Scenario
from defender_emulator.tenant import Tenant


class World:
    """What the routes work on; the control API changes it, and so may a test directly."""

    def __init__(self, scenario: Scenario, *, factor: float = 1.0, seed: int = 0) -> None:
        self.seed = seed
        self.clock = VirtualClock(scenario.start, factor)
        self.tenant = Tenant(scenario, self.clock)
        self.hunting = Hunting(self.tenant)
        self.identity = Identity(scenario.tenant_id)
        self.limits = Limits()
        self.faults = Faults(seed)
        self.journal = Journal()
        self.masking = True
        """Whether members of evolvable enums are hidden without the Prefer header."""

    def load(self, scenario: Scenario, *, factor: float | None = None) -> None:
        """Start another story; apps and settings stay, the rest starts afresh."""
        self.hunting.close()
        self.clock = VirtualClock(scenario.start, self.clock.factor if factor is None else factor)
        self.tenant = Tenant(scenario, self.clock)
        self.hunting = Hunting(self.tenant)
        self.identity.tenant_id = scenario.tenant_id
        self.limits, self.faults = Limits(), Faults(self.seed)
        self.journal.clear()

    def build(self, name: str, seed: int, start: datetime, options: dict[str, Any]) -> None:
        """Start a named scenario. Raises ValueError for an unknown name or option."""
        from defender_emulator.scenarios import build  # noqa: PLC0415  tests bring their own story

        self.seed = seed
        self.load(build(name, seed=seed, start=start, **options))

    def quota_seconds(self) -> float:
        """The clock that quotas go by: virtual, but real when the virtual one runs faster."""
        if self.clock.mode in {REAL, "stepped"}:
            return self.clock.now().timestamp()
        return machine_seconds()

    @property
    def credentials(self) -> dict[str, str]:
        """The default app."""
        return {
            "tenant_id": self.identity.tenant_id, "client_id": DEFAULT, "client_secret": SECRET,
        }  # fmt: skip

    def close(self) -> None:
        """End what runs beside."""
        self.hunting.close()

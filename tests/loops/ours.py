"""Our connector in the reference loops' place, by way of the tests' lab."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from defender365.api.client import Client
from defender365.core.mapping import CaseAlert
from tests.lab import Lab
from tests.loops.stage import HOURS_BACK, Stage

MAX_INCIDENTS = 100


class Ours:
    """One poll is one run of the connector, as a host does it."""

    name = "ours"

    def __init__(self, stage: Stage, lowest: str = "") -> None:
        self.stage = stage
        self.lab = _StagedLab(stage)
        self.values = {"Lowest Severity To Fetch": lowest} if lowest else {}

    def close(self) -> None:
        """Nothing stays open between runs."""

    def poll(self) -> None:
        """One run. Raises what the run reports as its failure."""
        summary = self.lab.poll(max_incidents=MAX_INCIDENTS, hours=HOURS_BACK, **self.values)
        if summary.failure is not None:
            raise summary.failure


class _StagedLab(Lab):
    """A lab whose time, platform, state and wire are a stage's."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        super().__init__(stage.emulator)
        self.time = stage.time

    @property
    def state_text(self) -> str:
        """The stage keeps it."""
        return self._stage.text

    @state_text.setter
    def state_text(self, text: str) -> None:
        if text:
            self._stage.text = text

    @contextmanager
    def client(self, **more: Any) -> Iterator[Client]:
        """A client on the stage's wire."""
        with super().client(**more) as client:
            self._stage.wire(client.transport.session)
            yield client
            client.transport.session.close()

    def _deliver(self, case: CaseAlert) -> None:
        self._stage.take(case.ticket_id, case.display_id)

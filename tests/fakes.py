"""Fakes that tests share: a clock that moves only when told to or when somebody waits."""

from datetime import UTC, datetime, timedelta

from defender365.core.clock import Clock

START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


class FakeTime:
    """A clock in the test's hand; waiting moves it and is written down."""

    def __init__(self, start: datetime = START) -> None:
        self.start = start
        self.passed = 0.0
        self.waits: list[float] = []

    def advance(self, seconds: float) -> None:
        self.passed += seconds

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.advance(seconds)

    @property
    def clock(self) -> Clock:
        return Clock(
            lambda: self.start + timedelta(seconds=self.passed), lambda: self.passed, self.wait
        )


class MemoryBox:
    """A place for one text."""

    def __init__(self, text: str = "") -> None:
        self.text = text

    def read(self) -> str:
        return self.text

    def write(self, text: str) -> None:
        self.text = text

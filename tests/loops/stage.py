"""What every loop stands on: one emulator, one virtual time, a platform, and a place for state."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from tests.fakes import START, FakeTime

if TYPE_CHECKING:  # a benchmark has its emulator in another process
    from defender_emulator.server import Emulator

HOURS_BACK = 1
"""How far back a loop looks when it has no state."""

WIRE_SECONDS = 0.5
"""The virtual time that each API request takes."""

SLOW = "x-virtual-seconds"
"""An answer with this header took that long; see `Stage.slow`."""

LISTING = "/v1.0/security/incidents"


class Killed(BaseException):
    """The process is gone; no loop may catch it."""


class PlatformRefused(Exception):
    """The platform did not take a case alert."""


@dataclass(frozen=True)
class Delivered:
    """One alert that the platform took, and when, in virtual seconds since 1970 UTC."""

    incident_id: str
    alert_id: str
    at: float


class Loop(Protocol):
    """A fetch loop: polled once a while, it hands alerts to its stage's platform."""

    name: str
    stage: "Stage"

    def __init__(self, stage: "Stage", lowest: str = "") -> None:
        """On this stage, with this lowest severity."""

    def poll(self) -> None:
        """One run; what goes wrong is raised, as a process would end with it."""

    def close(self) -> None:
        """Close the connections."""


class Stage:
    """One tenant and the machine that a loop runs on."""

    def __init__(
        self, emulator: "Emulator", *, clock_hours: float = 0.0, start: datetime = START
    ) -> None:
        self.emulator = emulator
        self.world = emulator.world
        self.time = FakeTime(start)
        self.time.advance(clock_hours * 3600)
        self.time.wait = self.pass_time  # type: ignore[method-assign]
        self.delivered: list[Delivered] = []
        self.requests: Counter[str] = Counter()
        """API requests by path; sign-ins are not counted."""
        self.failures: list[str] = []
        """What runs ended with, where they did not end well."""
        self._text = ""
        self.on_save: Callable[[], None] | None = None
        """Called once, when state is about to be written."""
        self.on_alert: dict[int, Callable[[], None]] = {}
        """What happens when the platform is given its n-th alert, counted from now on."""
        self.before_page: dict[int, Callable[[], None]] = {}
        """What happens before the n-th list request of a run."""
        self._pages = 0
        self._given = 0

    # Time.

    @property
    def now(self) -> float:
        """The tenant's time, in seconds since 1970 UTC."""
        return self.world.clock.now().timestamp()

    def pass_time(self, seconds: float) -> None:
        """Both clocks move on."""
        self.time.advance(seconds)
        self.world.clock.advance(seconds)

    def clock_seconds(self) -> float:
        """The machine's own clock, which may be wrong."""
        return self.time.clock.seconds()

    def clock_now(self) -> datetime:
        """The same as a time."""
        return datetime.fromtimestamp(self.clock_seconds(), UTC)

    # State and platform.

    @property
    def text(self) -> str:
        """The loop's state, as it was written."""
        return self._text

    @text.setter
    def text(self, text: str) -> None:
        hook, self.on_save = self.on_save, None
        if hook is not None:
            hook()
        self._text = text

    def damage(self, change: Callable[[str], str]) -> str:
        """Somebody changes the state behind the loop's back; gives what it was."""
        before, self._text = self._text, change(self._text)
        return before

    def take(self, incident_id: str, alert_id: str) -> None:
        """The platform takes an alert, or raises."""
        self._given += 1
        hook = self.on_alert.pop(self._given, None)
        if hook is not None:
            hook()
        self.delivered.append(Delivered(incident_id, alert_id, self.now))

    def run(self, loop: Loop) -> None:
        """One run as a scheduler starts it: what it ends with is noted."""
        self._pages = 0
        try:
            loop.poll()
        except (Exception, Killed) as error:  # noqa: BLE001  a scheduler takes anything
            self.failures.append(f"{type(error).__name__}: {error}")
        self.before_page.clear()

    def arm(self, position: int, do: Callable[[], None]) -> None:
        """Do something when the platform is given its next alerts' n-th."""
        self.on_alert[self._given + position] = do

    # The wire.

    def wire(self, session: requests.Session) -> "Wire":
        """Put this stage's wire under a session."""
        wire = Wire(self)
        session.mount("https://", wire)
        return wire

    def sending(self, path: str) -> None:
        """A request is about to leave."""
        if path == LISTING:
            self._pages += 1
            hook = self.before_page.pop(self._pages, None)
            if hook is not None:
                hook()
        self.requests[path if path == LISTING else path.rsplit("/", 1)[-1]] += 1
        self.pass_time(WIRE_SECONDS)

    def slow(self, route: str, seconds: float, *, after: int = 0, times: int = 1) -> None:
        """The service takes so long for an answer, in virtual time."""
        self.world.faults.add(
            kind="status", route=route, status=200, body={}, headers={SLOW: str(seconds)},
            after=after, times=times,
        )  # fmt: skip


class Wire(HTTPAdapter):
    """Counts API requests and lets virtual time pass; an answer may be slow in virtual time."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        super().__init__(max_retries=0)

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> Any:
        """Send, unless the answer is too slow for whoever asks."""
        path = urlsplit(request.url or "").path
        if str(path).startswith("/v1.0/"):
            self._stage.sending(str(path))
        answer = super().send(request, *args, **more)
        if SLOW not in answer.headers:
            return answer
        answer.close()
        return self._late(float(answer.headers[SLOW]), request, args, more)

    def _late(
        self, seconds: float, request: requests.PreparedRequest, args: Any, more: dict[str, Any]
    ) -> Any:
        timeout = more.get("timeout")
        patience = timeout[1] if isinstance(timeout, tuple) else timeout
        if patience is not None and patience < seconds:
            self._stage.pass_time(patience)
            raise requests.ReadTimeout("The answer is late.", request=request)
        self._stage.pass_time(seconds)
        return super().send(request, *args, **more)

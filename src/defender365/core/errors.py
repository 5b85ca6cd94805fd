"""Everything that can go wrong, in families by what the caller should do next.

    Defender365Error
    ├── Stop             nothing will change by itself: a person must act
    │   ├── BadInput             a parameter is wrong; nothing was sent
    │   │   └── Worded               the same, with the specification's whole message
    │   ├── NotSignedIn          Microsoft Entra refused the app or the tenant
    │   ├── PermissionMissing    signed in, but a permission is not granted
    │   ├── Refused              the service understood and said no (400 and its kin)
    │   ├── NotFound             the incident or alert does not exist
    │   ├── NotTrusted           the server's certificate could not be verified
    │   ├── ShelfFull            too many records are set aside to take more
    │   └── StateUnreadable      the connector's memory cannot be read; it is left untouched
    ├── RetryLater       the same call may work later
    │   ├── Throttled            429
    │   │   └── BudgetSpent          our own budget, before Microsoft says 429
    │   ├── Unreachable          no connection, or it broke
    │   ├── TimedOut             no answer in time
    │   ├── ServiceFailed        5xx
    │   ├── NotJson              an answer that is not the JSON it should be
    │   └── OutOfTime            our own deadline; what is complete has been delivered
    └── BadRecord        this record cannot be read: set it aside, go on with the rest

The class tells the program what to do, the message tells the person. No message holds a secret:
texts are written here or come from the service's own error body, never from a request.
"""

from collections.abc import Sequence


class Defender365Error(Exception):
    """Anything this library raises on purpose; `str()` is one sentence for a person."""


class Stop(Defender365Error):
    """A person must act before this can work."""


class BadInput(Stop):
    """Parameters that cannot be used; raised before any request is sent."""

    def __init__(self, problems: str | Sequence[str]) -> None:
        self.problems = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__(" ".join(self.problems))


class Worded(BadInput):
    """Bad input whose text is the whole message, where the specification words all of it."""


class NotSignedIn(Stop):
    """Microsoft Entra ID gave no token."""


class PermissionMissing(Stop):
    """The app is signed in but lacks a permission; the message names it."""


class Refused(Stop):
    """The service refused the request; `reason` is its own message, `status` the HTTP code."""

    def __init__(self, reason: str, *, status: int = 400, code: str = "") -> None:
        self.reason = reason
        self.status = status
        self.code = code
        super().__init__(reason)


class NotFound(Stop):
    """What was asked for does not exist (404)."""


class NotTrusted(Stop):
    """TLS verification failed; nothing was sent."""


class StateUnreadable(Stop):
    """A stored state that is not ours, damaged, or of a newer version; it is not overwritten."""


class ShelfFull(Stop):
    """Too many records are set aside; taking more would mean to forget one."""


class RetryLater(Defender365Error):
    """The same call may work later."""


class Throttled(RetryLater):
    """A rate limit was reached; `retry_after` is the wait in seconds, if the service said one."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class BudgetSpent(Throttled):
    """Our own budget is spent and the wait for the next request is longer than we have."""


class Unreachable(RetryLater):
    """No connection to the host, or the connection broke."""


class TimedOut(RetryLater):
    """The host took longer than we wait."""


class ServiceFailed(RetryLater):
    """The service failed (5xx)."""

    def __init__(self, message: str, *, status: int = 500) -> None:
        self.status = status
        super().__init__(message)


class NotJson(RetryLater):
    """The answer is not JSON, or breaks off."""


class OutOfTime(RetryLater):
    """Our own deadline came; everything complete has been delivered."""


class BadRecord(Defender365Error):
    """One record cannot be read; the message says which field and why."""

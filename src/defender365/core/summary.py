"""What one poll of the connector did, for people and programs."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from defender365.core.clock import utc
from defender365.core.errors import Defender365Error


@dataclass
class Summary:
    """What one poll did; what a program reads after `connector run`."""

    incidents_seen: int = 0
    """New or changed since the poll before."""
    incidents_processed: int = 0
    """Those of them that gave the platform at least one case alert."""
    alerts_delivered: int = 0
    filtered: Counter[str] = field(default_factory=Counter)
    """By rule: incidents for an incident's rule, alerts for an alert's."""
    set_aside: int = 0
    throttled_until: float = 0
    """Seconds since 1970 UTC; 0 when no limit was reached."""
    failure: Defender365Error | None = None
    """Why the poll ended early; what was complete before is delivered and remembered."""
    backlog: bool = False
    """True when more incidents wait than this poll could take."""

    def as_dict(self, requests: Mapping[str, int]) -> dict[str, Any]:
        """The summary as one JSON object."""
        return {
            "incidents_seen": self.incidents_seen,
            "incidents_processed": self.incidents_processed,
            "alerts_delivered": self.alerts_delivered,
            "filtered": dict(self.filtered),
            "set_aside": self.set_aside,
            "requests": dict(requests),
            "throttled_until": utc(self.throttled_until) if self.throttled_until else None,
            "backlog": self.backlog,
            "error": str(self.failure) if self.failure else None,
        }

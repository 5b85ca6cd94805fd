"""Case alerts as lines of JSON, each part encoded once.

The incident's event stands in every case alert of an incident and the alert's fields in every
evidence event; encoding them each time would be most of what a poll costs. The lines are ASCII:
whatever a name holds, a lone surrogate even, they are valid JSON.
"""

import json

from defender365.core.mapping import CaseAlert, Event


class CaseLines:
    """Encodes case alerts; the same text as `json.dumps(case.as_dict())`, but for blanks."""

    def __init__(self) -> None:
        self._encode = json.JSONEncoder(check_circular=False, separators=(",", ":")).encode
        self._head: Event = {}
        self._head_text = ""

    def line(self, case: CaseAlert) -> str:
        """One case alert as one line, without its end."""
        head, metadata = self._inside_head(case.head), self._inside(case.metadata)
        if case.evidence:
            events = ["{" + head + "}"]
            events.extend(_object(self._inside(event), metadata) for event in case.evidence)
        else:
            events = [_object(head, metadata)]
        return f'{self._encode(case.fields())[:-1]},"events":[{",".join(events)}]}}'

    def _inside_head(self, head: Event) -> str:
        if head is not self._head:
            self._head, self._head_text = head, self._inside(head)
        return self._head_text

    def _inside(self, event: Event) -> str:
        return self._encode(event)[1:-1]


def _object(*insides: str) -> str:
    return "{" + ",".join(inside for inside in insides if inside) + "}"

"""The connector's memory on the platform: a context value under the connector's identifier."""

import json
from pathlib import Path
from typing import Any

from defender365.core.carry_over import carried_over
from defender365.core.clock import utc
from defender365.core.errors import BadInput
from defender365.core.state import State, dump_state, load_state
from defender365.hosts.google_secops import sdk

STATE_KEY = "defender365_state"
"""The context value that holds our state."""

TAKEN_KEY = "defender365_taken_over"
"""The context value that says when the published integration's state was taken over, if it was."""

ATTEMPTS = 3


class Memory:
    """Loads the state, and commits it after the alerts were handed over."""

    def __init__(self, siemplify: Any) -> None:
        self._siemplify = siemplify
        self._identifier = siemplify.context.connector_info.identifier
        self._taken_over = False

    def load(self, now: int) -> State:
        """The state; at the very first run, where the published integration stopped.

        Raises `BadInput` or `StateUnreadable` where the platform does not give it or it is
        damaged: that is never a fresh start.
        """
        self._check_context_file()
        text = self._value(STATE_KEY)
        return load_state(text) if text else self._left_behind(now)

    def _left_behind(self, now: int) -> State:
        """Read once: who removes our state later wants a fresh start, not one from long ago."""
        if self._value(TAKEN_KEY):
            return State()
        stopped = sdk.asked("the last run's timestamp", self._siemplify.fetch_timestamp)
        state = carried_over(int(stopped or 0), self._value("ids"), now)
        if state is None:
            return State()
        self._siemplify.LOGGER.info(
            "Taking over from the published integration: its timestamp and alert ids."
        )
        self._taken_over = True
        return state

    def commit(self, state: State, now: float) -> None:
        """Keep the state. Raises `BadInput` when the platform, asked again, does not have it."""
        text = dump_state(state)
        problem = ""
        for _ in range(ATTEMPTS):
            try:
                self._set(STATE_KEY, text)
            except Exception as error:  # noqa: BLE001  the SDK raises Exception itself
                problem = str(error)[:300]
                if self._has(text):  # it was kept, only the answer was lost
                    break
            else:
                break
        else:
            raise BadInput(
                "The alerts were handed over, but the connector's state could not be saved"
                f" ({problem}). The next run will hand them over again."
            )
        if self._taken_over:
            self._mark(now)

    def _mark(self, now: float) -> None:
        try:
            self._set(TAKEN_KEY, utc(now))
        except Exception as error:  # noqa: BLE001  it matters only once our state is removed
            kind = type(error).__name__
            self._siemplify.LOGGER.warn(f"The taking over could not be noted ({kind}).")

    def _has(self, text: str) -> bool:
        try:
            return self._value(STATE_KEY) == text
        except BadInput:
            return False

    def _set(self, key: str, text: str) -> None:
        self._siemplify.set_connector_context_property(self._identifier, key, text)

    def _value(self, key: str) -> str:
        """A context value as text; empty when there is none. Raises `BadInput` when it fails."""
        value = sdk.asked(
            f"the connector's state ({key})",
            lambda: self._siemplify.get_connector_context_property(self._identifier, key),
        )
        if value is None:
            return ""
        return value if isinstance(value, str) else json.dumps(value)

    def _check_context_file(self) -> None:
        """On an agent that keeps context in a file, the SDK takes a damaged file for an empty one."""
        siemplify = self._siemplify
        on_agent = siemplify.sdk_config.is_remote_publisher_sdk
        if not on_agent or siemplify.is_locally_scheduled_remote_connector:
            return
        path = Path(siemplify.FILE_SYSTEM_CONTEXT_PATH)
        try:
            readable = not path.exists() or isinstance(json.loads(path.read_text("utf-8")), dict)
        except (OSError, ValueError):
            readable = False
        if not readable:
            raise BadInput(f"The agent's context file {path} is damaged. Nothing was changed.")

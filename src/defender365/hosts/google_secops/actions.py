"""Runs an action on the platform: parameters, entities and configuration in, one result out."""

from typing import Any

from defender365.actions import action_called
from defender365.actions.outcome import Outcome, Scope, failed, perform
from defender365.core.clock import Clock
from defender365.core.entities import Entity
from defender365.core.errors import BadInput, Defender365Error, OutOfTime
from defender365.core.settings import read_settings
from defender365.core.spec import Action, params_of
from defender365.hosts.google_secops import sdk
from defender365.hosts.google_shapes import (
    ENTITY_TYPES,
    original_spelling,
    result_limit,
    shown,
    working_seconds,
)
from defender365.runtime import Host, connect, machine_clock


def run(name: str, integration: str) -> None:
    """Run the action of this name and end the process with its result."""
    action = action_called(name)
    try:
        siemplify = sdk.module("SiemplifyAction").SiemplifyAction()
        siemplify.script_name = f"{integration} - {name}"
        _Act(siemplify, action, integration).run()
    except Exception as error:  # noqa: BLE001  whatever the SDK meets, the analyst gets a result
        sdk.write_result(
            {
                "Message": failed(action, sdk.unexpected(error)).message,
                "ResultObjectJson": "{}",
                "ResultValue": False,
                "DebugOutput": "",
                "ExecutionState": sdk.FAILED,
            }
        )


class _Act:
    """One action on the platform; its methods read top-down."""

    def __init__(self, siemplify: Any, action: Action, integration: str) -> None:
        self.siemplify = siemplify
        self.action = action
        self.integration = integration

    def run(self) -> None:
        """Act, report, and end the process."""
        sdk.log_to(self.siemplify.LOGGER)
        try:
            outcome = self._outcome()
        except SystemExit:
            outcome = failed(self.action, "the platform stopped it before it was done.")
        except Exception as error:  # noqa: BLE001  no traceback to the analyst
            outcome = failed(self.action, sdk.unexpected(error))
        self._end(outcome)

    def _outcome(self) -> Outcome:
        clock = machine_clock()
        clients: list[Any] = []

        def reach() -> Any:
            clients.append(self._client(clock))
            return clients[0]

        try:
            scope = Scope(clock.now(), self._entities())
            return perform(self.action, reach, self._values(), scope)
        except Defender365Error as error:
            return failed(self.action, str(error))
        finally:
            for client in clients:
                client.close()

    def _values(self) -> dict[str, object]:
        """What the playbook gave for the action's own parameters; others are none of ours."""
        given = self.siemplify.parameters or {}
        names = [declaration.name for declaration in params_of(self.action.params).values()]
        return {name: given[name] for name in names if name in given}

    def _entities(self) -> tuple[Entity, ...]:
        if not self.action.entities:
            return ()
        found = sdk.asked("the case's entities", lambda: self.siemplify.target_entities)
        return tuple(
            Entity(ENTITY_TYPES[entity.entity_type], original_spelling(entity))
            for entity in found
            if entity.entity_type in ENTITY_TYPES
        )

    def _client(self, clock: Clock) -> Any:
        settings = read_settings(self._configuration())
        seconds = working_seconds(self.siemplify.execution_deadline_unix_time_ms, clock.seconds())
        if seconds <= 0:
            raise OutOfTime("the platform's time limit for it was over before it began.")
        return connect(settings, host=Host.this(), clock=clock, seconds=seconds)

    def _configuration(self) -> dict[str, Any]:
        """The integration's configuration, in one request.

        The action's own method would ask for the case first, only to learn an environment that
        the instance's address does not need; its base class's does not.
        """
        base, siemplify = sdk.module("Siemplify").Siemplify, self.siemplify
        found = sdk.asked(
            "the integration's configuration",
            lambda: base.get_configuration(
                siemplify, self.integration, integration_instance=siemplify.integration_instance
            ),
        )
        if not isinstance(found, dict):
            raise BadInput("the platform gave a configuration that is no list of parameters.")
        return found

    def _end(self, outcome: Outcome) -> None:
        megabytes = result_limit(getattr(self.siemplify, "max_json_result_size", None))
        self.siemplify.max_json_result_size = megabytes
        result = shown(outcome, int(megabytes * 1024 * 1024))
        if result.json_text is not None:
            self.siemplify.result.add_result_json(result.json_text)
        for title, lines in result.tables:
            self.siemplify.result.add_data_table(title, lines)
        message = f"{outcome.message} {result.note}".rstrip()
        state = sdk.FAILED if outcome.execution_state == "failed" else sdk.COMPLETED
        self.siemplify.end(message, outcome.is_success, state)

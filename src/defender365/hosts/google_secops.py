"""The adapter to Google SecOps SOAR: the only file that knows its SDK.

Each action and each run of the connector is a fresh process: context on stdin, one JSON object
on the real stdout. The scripts of the package call `run_action` and `run_connector`. The SDK is
imported first, since it takes over stdout, and is found as the platform lays it out (modules
beside each other) or as its package.
"""

import json
import logging
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from defender365.actions import ACTIONS
from defender365.actions.outcome import Outcome, Scope, failed, perform
from defender365.core.clock import Clock
from defender365.core.entities import Entity
from defender365.core.errors import BadInput, Defender365Error, OutOfTime
from defender365.core.settings import read_settings
from defender365.core.spec import Action, params_of, parse
from defender365.hosts.google_shapes import (
    ENTITY_TYPES,
    PLATFORM_NAMES,
    original_spelling,
    shown,
    working_seconds,
)
from defender365.runtime import Host, connect, machine_clock

COMPLETED, FAILED = 0, 2
"""The platform's execution states; a failed action stops its playbook."""

STATE_KEY = "defender365_state"
"""The connector's context value that holds our state."""

COMMIT_ATTEMPTS = 3


def run_action(name: str, integration: str) -> None:
    """Run one action of the integration and end the process with its result."""
    action = next(a for a in ACTIONS if a.name == name)
    try:
        siemplify = _sdk("SiemplifyAction").SiemplifyAction()
        siemplify.script_name = f"{integration} - {name}"
        _Act(siemplify, action, integration).run()
    except Exception as error:  # noqa: BLE001  whatever the SDK meets, the analyst gets a result
        _without_sdk(failed(action, _unexpected(error)).message)


def _sdk(module: str) -> Any:
    """A module of the SDK, wherever it is."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
    package = import_module("soar_sdk")
    folder = str(Path(next(iter(package.__path__))))
    if folder not in sys.path:
        sys.path.append(folder)  # its modules import each other by their bare names
    return import_module(module)


def _without_sdk(message: str) -> None:
    """The result of an action for which there is no SDK to report through."""
    result = {
        "Message": message,
        "ResultObjectJson": "{}",
        "ResultValue": False,
        "DebugOutput": "",
        "ExecutionState": FAILED,
    }
    _real_stdout().write(json.dumps(result))
    _real_stdout().flush()


def _real_stdout() -> Any:
    return sys.__stdout__


def _unexpected(error: BaseException) -> str:
    """Words for what should not happen: the kind of error and where, never its values."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    return f"an unexpected error ({type(error).__name__}{where}). Please report it."


class _Act:
    """One action on the platform; its methods read top-down."""

    def __init__(self, siemplify: Any, action: Action, integration: str) -> None:
        self.siemplify = siemplify
        self.action = action
        self.integration = integration

    def run(self) -> None:
        """Act, report, and end the process."""
        _log_to(self.siemplify.LOGGER)
        try:
            outcome = self._outcome()
        except SystemExit:
            outcome = failed(self.action, "the platform stopped it before it was done.")
        except Exception as error:  # noqa: BLE001  no traceback to the analyst
            outcome = failed(self.action, _unexpected(error))
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
        found = _asked("the case's entities", lambda: self.siemplify.target_entities)
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
        base, siemplify = _sdk("Siemplify").Siemplify, self.siemplify
        found: dict[str, Any] = _asked(
            "the integration's configuration",
            lambda: base.get_configuration(
                siemplify, self.integration, integration_instance=siemplify.integration_instance
            ),
        )
        return found

    def _end(self, outcome: Outcome) -> None:
        megabytes = getattr(self.siemplify, "max_json_result_size", None) or 15
        result = shown(outcome, int(megabytes * 1024 * 1024))
        if result.json_text is not None:
            self.siemplify.result.add_result_json(result.json_text)
        for title, lines in result.tables:
            self.siemplify.result.add_data_table(title, lines)
        message = f"{outcome.message} {result.note}".rstrip()
        state = FAILED if outcome.execution_state == "failed" else COMPLETED
        self.siemplify.end(message, outcome.is_success, state)


def _asked(what: str, ask: Callable[[], Any]) -> Any:
    """What the platform answers. Raises `BadInput` with its own words, cut short."""
    try:
        return ask()
    except Exception as error:  # noqa: BLE001  the SDK raises Exception itself
        raise BadInput(f"the platform did not give {what}: {str(error)[:300]}") from None


class _ToSiemplify(logging.Handler):
    """Our log lines, in the platform's log."""

    def __init__(self, logger: Any) -> None:
        super().__init__(logging.INFO)
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        write = self._logger.info if record.levelno < logging.WARNING else self._logger.warn
        write(record.getMessage())


def _log_to(logger: Any) -> None:
    ours = logging.getLogger("defender365")
    ours.setLevel(logging.INFO)
    ours.propagate = False
    ours.addHandler(_ToSiemplify(logger))


def run_connector(integration: str) -> None:
    """Run the connector once: a test run when the platform says so."""
    try:
        siemplify = _sdk("SiemplifyConnectors").SiemplifyConnectorExecution()
    except Exception as error:  # noqa: BLE001  no traceback to whoever looks at the run
        _fail(f"The connector could not start: {_unexpected(error)}")
    siemplify.script_name = f"{integration} - Incidents Connector"
    _log_to(siemplify.LOGGER)
    _Connect(siemplify).run()


class _Connect:
    """One run of the connector on the platform; its methods read top-down."""

    def __init__(self, siemplify: Any) -> None:
        self.siemplify = siemplify
        self.log = siemplify.LOGGER
        self.test_run = bool(siemplify.is_test_run)
        self.packed: list[Any] = []
        self.state: Any = None

    def run(self) -> None:
        """Poll, hand over what came, then commit the state; what fails is an ERROR in the log."""
        try:
            failure = self._poll()
        except Defender365Error as error:
            failure = str(error)
        except Exception as error:  # noqa: BLE001  told, and nothing committed
            failure = f"The connector met {_unexpected(error)}"
            self.state, self.packed = None, []
        if failure:
            self.log.error(failure)
            if self.test_run:
                _fail(failure)
        self.siemplify.return_package(self.packed)
        _real_stdout().flush()
        if self.state is not None and not self.test_run:
            self._commit()

    def _poll(self) -> str:
        from defender365.connector import Delivery, poll  # noqa: PLC0415  no action needs it

        values = self._values()
        params, rules = self._asked_for(values)
        settings = read_settings(values)
        clock = machine_clock()
        state = self._load(int(clock.seconds()))
        if self.test_run:
            state = state.for_test_run()
        client = connect(
            settings, host=Host.this(), clock=clock,
            seconds=params.working_seconds, spent=state.spent,
        )  # fmt: skip
        pack = _Packer(self.siemplify, overflow=not params.disable_overflow)
        try:
            # Nothing is handed over before the run ends, so nothing is committed before it.
            delivery = Delivery(lambda case: self.packed.extend(pack(case)), lambda _state: None)
            summary = poll(client, state, rules, clock, delivery)
        finally:
            client.close()
        self.state = state
        for line in summary.words(sum(client.transport.counts.values())):
            self.log.info(line)
        return summary.failure_words()

    def _values(self) -> dict[str, object]:
        """The parameters by the names that people see; secrets out of the vault, if there is one."""
        given = dict(self.siemplify.parameters)
        if self.siemplify.context.vault_settings:
            given = {
                name: self.siemplify.extract_connector_param(param_name=name) for name in given
            }
        return given | {
            name: given[platform] for name, platform in PLATFORM_NAMES.items() if platform in given
        }

    def _asked_for(self, values: dict[str, object]) -> tuple[Any, Any]:
        from defender365.connector import Rules  # noqa: PLC0415  as above
        from defender365.core.connector_params import ConnectorParams  # noqa: PLC0415  as above
        from defender365.core.mapping import DEFAULT_ENVIRONMENT  # noqa: PLC0415  as above

        names = [declaration.name for declaration in params_of(ConnectorParams).values()]
        params = parse(ConnectorParams, {name: values.get(name) for name in names})
        listed = tuple(str(entry) for entry in self.siemplify.whitelist or () if str(entry).strip())
        environment = self.siemplify.context.connector_info.environment or DEFAULT_ENVIRONMENT
        rules = Rules(
            params.filters(listed),
            params.environment_rule(environment),
            1 if self.test_run else params.max_incidents_to_fetch,
            params.max_hours_backwards,
        )
        return params, rules

    # State: in the platform's context, under the connector's identifier.

    def _load(self, now: int) -> Any:
        from defender365.core.state import load_state  # noqa: PLC0415  as above

        self._check_context_file()
        text = self._context(STATE_KEY)
        if text:
            return load_state(text)
        return self._left_behind(now)

    def _left_behind(self, now: int) -> Any:
        """A state to begin with: where the published integration stopped, or a fresh one."""
        from defender365.core.carry_over import carried_over  # noqa: PLC0415  as above
        from defender365.core.state import State  # noqa: PLC0415  as above

        stopped = _asked("the last run's timestamp", self.siemplify.fetch_timestamp)
        state = carried_over(int(stopped or 0), self._context("ids"), now)
        if state is None:
            return State()
        self.log.info("Taking over from the published integration: its timestamp and alert ids.")
        return state

    def _context(self, key: str) -> str:
        """A context value as text; empty when there is none. Raises `BadInput` when it fails."""
        identifier = self.siemplify.context.connector_info.identifier
        value = _asked(
            f"the connector's state ({key})",
            lambda: self.siemplify.get_connector_context_property(identifier, key),
        )
        if value is None:
            return ""
        return value if isinstance(value, str) else json.dumps(value)

    def _check_context_file(self) -> None:
        """On an agent that keeps context in a file, the SDK takes a damaged file for an empty one."""
        sdk, siemplify = self.siemplify.sdk_config, self.siemplify
        if not sdk.is_remote_publisher_sdk or siemplify.is_locally_scheduled_remote_connector:
            return
        path = Path(siemplify.FILE_SYSTEM_CONTEXT_PATH)
        try:
            readable = not path.exists() or isinstance(json.loads(path.read_text("utf-8")), dict)
        except (OSError, ValueError):
            readable = False
        if not readable:
            raise BadInput(f"The agent's context file {path} is damaged. Nothing was changed.")

    def _commit(self) -> None:
        from defender365.core.state import dump_state  # noqa: PLC0415  as above

        identifier = self.siemplify.context.connector_info.identifier
        text = dump_state(self.state)
        for attempt in range(1, COMMIT_ATTEMPTS + 1):
            try:
                self.siemplify.set_connector_context_property(identifier, STATE_KEY, text)
            except Exception as error:  # noqa: BLE001  as above
                if attempt == COMMIT_ATTEMPTS:
                    _fail(
                        "The alerts were handed over, but the connector's state could not be saved"
                        f" ({str(error)[:300]}). The next run will hand them over again."
                    )
            else:
                return


def _fail(message: str) -> NoReturn:
    sys.stderr.write(message + "\n")
    sys.exit(1)


class _Packer:
    """Turns a case alert into the platform's, unless its overflow mechanism takes it."""

    def __init__(self, siemplify: Any, *, overflow: bool) -> None:
        self._siemplify = siemplify
        self._new = _sdk("SiemplifyConnectorsDataModel").AlertInfo
        self._overflow = overflow and not siemplify.is_test_run

    def __call__(self, case: Any) -> list[Any]:
        alert = self._new()
        for name, value in case.fields().items():
            setattr(alert, name, value)
        alert.events = case.events
        return [] if self._overflow and self._overflowed(alert) else [alert]

    def _overflowed(self, alert: Any) -> bool:
        """True when the platform's overflow has it; it reports what it took in the package."""
        try:
            return bool(
                self._siemplify.is_overflowed_alert(
                    environment=alert.environment,
                    alert_identifier=alert.display_id,
                    ingestion_time=alert.end_time or 1,
                    alert_name=alert.rule_generator,
                    product=alert.device_product,
                )
            )
        except Exception as error:  # noqa: BLE001  rather one alert too many than one lost
            kind = type(error).__name__
            self._siemplify.LOGGER.warn(f"The overflow check failed ({kind}): the alert is kept.")
            return False

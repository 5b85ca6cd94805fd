"""Runs the connector on the platform: poll, hand the alerts over, then commit the state."""

import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from defender365.connector import Delivery, Rules, poll
from defender365.core.clock import Clock, utc
from defender365.core.connector_params import ConnectorParams
from defender365.core.errors import BadInput, Defender365Error
from defender365.core.mapping import DEFAULT_ENVIRONMENT, CaseAlert
from defender365.core.settings import read_settings
from defender365.core.spec import params_of, parse
from defender365.core.state import State
from defender365.core.summary import Summary
from defender365.hosts.google_secops import sdk
from defender365.hosts.google_secops.memory import Memory
from defender365.hosts.google_shapes import PLATFORM_NAMES
from defender365.runtime import Host, connect, machine_clock

PACKING_SECONDS = 3.0
"""Kept before the script's timeout, to write the package and the state."""

PLATFORM_TIMEOUT = 20.0
"""The SDK waits for the platform without end; we wait so many seconds for one answer."""


def run(integration: str) -> None:
    """Run the connector once, and end the process."""
    clock = machine_clock()
    began = clock.steady()
    try:
        siemplify = sdk.module("SiemplifyConnectors").SiemplifyConnectorExecution()
    except Exception as error:  # noqa: BLE001  no traceback to whoever looks at the run
        _not_started(error, int(clock.seconds() * 1000))
    siemplify.script_name = f"{integration} - Incidents Connector"
    sdk.log_to(siemplify.LOGGER)
    _bound(siemplify)
    _Connect(siemplify, clock, began).run()


def _not_started(error: Exception, now_ms: int) -> NoReturn:
    """Without the SDK there is nothing to report through; a real run still has its ERROR row."""
    message = (
        f"The connector could not start: {type(error).__name__} in the platform's SDK. Check the"
        " proxy parameters (address, username, password), and that the platform's own API answers."
    )
    if sys.argv[1:2] == ["False"]:
        sdk.fail(message)
    row = {"message": message, "log_level": sdk.ERROR_ROW, "timestamp": now_ms}
    package = {
        "cases": [], "overflow_cases": [], "log_items": [], "variables": {}, "log_rows": [row],
    }  # fmt: skip
    sdk.write_result({"ResultObjectJson": json.dumps(package), "DebugOutput": ""})
    sys.exit(0)


def _bound(siemplify: Any) -> None:
    """Give each call to the platform a timeout."""
    plain: Callable[..., Any] = siemplify.session.request

    def request(*positional: Any, **named: Any) -> Any:
        return plain(*positional, **{"timeout": PLATFORM_TIMEOUT, **named})

    siemplify.session.request = request


class _Connect:
    """One run of the connector on the platform; its methods read top-down."""

    def __init__(self, siemplify: Any, clock: Clock, began: float) -> None:
        self.siemplify = siemplify
        self.clock = clock
        self.began = began
        self.log = siemplify.LOGGER
        self.test_run = bool(siemplify.is_test_run)
        self.memory = Memory(siemplify)
        self.cases: list[CaseAlert] = []
        self.state: State | None = None
        self.script_seconds = 180.0
        self.overflow = False

    def run(self) -> None:
        """Poll, hand over what came, then commit the state; what fails is an ERROR in the log."""
        try:
            failure = self._poll()
        except Defender365Error as error:
            failure = str(error)
        except Exception as error:  # noqa: BLE001  told, and nothing committed
            failure = f"The connector met {sdk.unexpected(error)}"
            self.state, self.cases = None, []
        if failure:
            self.log.error(failure)
            if self.test_run:
                sdk.fail(failure)
        self.siemplify.return_package(self._packed())
        sdk.real_stdout().flush()
        if self.state is not None and not self.test_run:
            self._commit(self.state)

    def _poll(self) -> str:
        values = self._values()
        params, rules = self._asked_for(values)
        settings = read_settings(values)
        self.script_seconds = float(params.script_timeout)
        self.overflow = not params.disable_overflow and not self.test_run
        state = self.memory.load(int(self.clock.seconds()))
        if self.test_run:
            state = state.for_test_run()
        used = self.clock.steady() - self.began
        client = connect(
            settings, host=Host.this(), clock=self.clock,
            seconds=params.working_seconds - used, spent=state.spent,
        )  # fmt: skip
        try:
            # Nothing is handed over before the run ends, so nothing is committed before it.
            delivery = Delivery(self.cases.append, lambda _state: None)
            summary = poll(client, state, rules, self.clock, delivery)
        finally:
            client.close()
        self.state = state
        for line in summary.words():
            self.log.info(line)
        return summary.failure_words() or self._in_vain(summary)

    def _in_vain(self, summary: Summary) -> str:
        """Words for a run that could not look; a limit in force is one only for a test run."""
        if summary.incidents_seen:
            return ""
        if summary.throttled_until:
            until = utc(summary.throttled_until)
            return f"A rate limit is in force: try again after {until}." if self.test_run else ""
        if summary.backlog:
            return (
                "The run's time was over before any incident was read: Microsoft's service is slow,"
                ' or "Script Timeout (Seconds)" is short.'
            )
        return ""

    def _values(self) -> dict[str, object]:
        """The parameters by the names that people see; secrets out of the vault, if there is one."""
        given = dict(self.siemplify.parameters)
        if self.siemplify.context.vault_settings:
            given = {name: self._unlocked(name, value) for name, value in given.items()}
        return given | {
            name: given[platform] for name, platform in PLATFORM_NAMES.items() if platform in given
        }

    def _unlocked(self, name: str, value: object) -> object:
        if not isinstance(value, str) or not value:
            return value
        return sdk.asked(
            f'"{name}" from the vault',
            lambda: self.siemplify.extract_connector_param(param_name=name),
        )

    def _asked_for(self, values: dict[str, object]) -> tuple[ConnectorParams, Rules]:
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

    def _packed(self) -> list[Any]:
        """The platform's alerts, but for those that its overflow takes.

        Asked last, so that a run that fails before does not count; and only while there is time,
        for each question is two calls to the platform: rather one alert too many than none.
        """
        new = sdk.module("SiemplifyConnectorsDataModel").AlertInfo
        packed = []
        for case in self.cases:
            alert = new()
            for name, value in case.fields().items():
                setattr(alert, name, value)
            alert.events = case.events
            if not (self.overflow and self._time_left() and self._overflowed(alert)):
                packed.append(alert)
        return packed

    def _time_left(self) -> bool:
        if self.clock.steady() - self.began < self.script_seconds - PACKING_SECONDS:
            return True
        self.log.warn("No time is left for the platform's overflow check: the alerts are kept.")
        self.overflow = False
        return False

    def _overflowed(self, alert: Any) -> bool:
        """True when the platform's overflow has it; it reports what it took in the package."""
        try:
            return bool(
                self.siemplify.is_overflowed_alert(
                    environment=alert.environment,
                    alert_identifier=alert.display_id,
                    ingestion_time=alert.end_time or 1,
                    alert_name=alert.rule_generator,
                    product=alert.device_product,
                )
            )
        except Exception as error:  # noqa: BLE001  rather one alert too many than one lost
            kind = type(error).__name__
            self.log.warn(f"The overflow check failed ({kind}): the alert is kept.")
            return False

    def _commit(self, state: State) -> None:
        """Commit, and be gone at once: a run that ends badly after it could be thrown away."""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        try:
            self.memory.commit(state, self.clock.seconds())
        except BadInput as error:
            sdk.fail(str(error))
        sys.stderr.flush()
        os._exit(0)

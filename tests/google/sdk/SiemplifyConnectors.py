"""A connector's run: a package of alerts, overflows and log rows on the real stdout."""

import json
import sys
from types import SimpleNamespace

import SiemplifyUtils
from Siemplify import Base

MAX_ALERTS = 50
"""Of one environment, product and rule; what comes beyond is overflow."""


class SiemplifyConnectorExecution(Base):
    CONTEXT_TYPE = 4

    def __init__(self):
        super().__init__(sys.argv[2])
        context = self.read_context()
        info = context["connector_info"]
        self.context = SimpleNamespace(
            connector_info=SimpleNamespace(**info), vault_settings=context.get("vault_settings")
        )
        self.parameters = {p["param_name"]: p["param_value"] for p in info["params"]}
        self.whitelist = info.get("allow_list")
        self._overflows = []

    @property
    def is_test_run(self):
        return sys.argv[1] == "False"

    def extract_connector_param(self, param_name, default_value=None, input_type=str):
        value = self.parameters.get(param_name) or default_value
        vault = self.context.vault_settings
        return vault.get(value, value) if vault else value

    def get_connector_context_property(self, identifier, key):
        return self.get_context_property(self.CONTEXT_TYPE, identifier, key)

    def set_connector_context_property(self, identifier, key, value):
        self.set_context_property(self.CONTEXT_TYPE, identifier, key, value)

    def fetch_timestamp(self, datetime_format=False, timezone=False):
        identifier = self.context.connector_info.identifier
        return int(self.get_connector_context_property(identifier, "timestamp") or 0)

    def is_overflowed_alert(
        self, environment, alert_identifier, ingestion_time, alert_name, product
    ):
        key = f"|{environment}|{product}|{alert_name}"
        identifier = self.context.connector_info.identifier
        times = json.loads(self.get_connector_context_property(identifier, "overflow_data") or "{}")
        times[key] = times.get(key, 0) + 1
        self.set_connector_context_property(identifier, "overflow_data", json.dumps(times))
        if times[key] <= MAX_ALERTS:
            return False
        self._overflows.append({"alert_identifier": alert_identifier, "alert_name": alert_name})
        return True

    def return_package(self, cases):
        package = {"cases": cases, "overflow_cases": self._overflows, "log_items": [],
                   "variables": {}, "log_rows": self.LOGGER.log_rows[:5000]}  # fmt: skip
        output = {"ResultObjectJson": json.dumps(package, default=vars),
                  "DebugOutput": SiemplifyUtils.my_stdout.getvalue()}  # fmt: skip
        SiemplifyUtils.real_stdout.write(json.dumps(output))

"""An action: one result on the real stdout, then the process ends."""

import json
import sys
from types import SimpleNamespace

import SiemplifyUtils
from Siemplify import Siemplify


class Result:
    def __init__(self):
        self.parts = {}

    def _part(self, key, title):
        frame = {"Title": title, "Type": None, "IsForEntity": False, "Content": "", "RawJson": "",
                 "CSVLines": "", "Attachments": {}, "Htmls": {}, "Markdowns": {}}  # fmt: skip
        return self.parts.setdefault(key, frame)

    def add_result_json(self, value):
        text = json.dumps(value) if isinstance(value, (dict, list)) else value
        json.loads(text)
        self._part("JsonResult", "JsonResult")["RawJson"] = text

    def add_data_table(self, title, lines):
        self._part(f"{title}_None", title)["CSVLines"] = lines


class SiemplifyAction(Siemplify):
    def __init__(self):
        super().__init__(sys.argv[1])
        context = self.read_context()
        self.case_id = context["case_id"]
        self.alert_id = context["alert_id"]
        self.parameters = context["parameters"]
        self.integration_instance = context["integration_instance"]
        self.execution_deadline_unix_time_ms = context.get("execution_deadline_unix_time_ms", 0)
        self.max_json_result_size = context.get("max_json_result_size", 15)
        self.vault_settings = context.get("vault_settings")
        self._targets = {(e["item1"], e["item2"]) for e in context["target_entities"]}
        self.result = Result()

    def get_configuration(self, provider, environment=None, integration_instance=None):
        self.ask("GET", f"CaseMetadata/{self.case_id}")  # the real one asks for it, too
        return super().get_configuration(provider, environment, self.integration_instance)

    @property
    def target_entities(self):
        wanted = {"case_id": self.case_id, "alert_id_str": self.alert_id}
        entities = self.ask("POST", "AlertFullDetails", wanted)["domain_entities"]
        return [
            SimpleNamespace(**entity)
            for entity in entities
            if (entity["identifier"], entity["entity_type"]) in self._targets
        ]

    def end(self, message, result_value, execution_state=0):
        text = json.dumps(self.result.parts)
        output = {"Message": message, "ResultObjectJson": text, "ResultValue": result_value,
                  "DebugOutput": SiemplifyUtils.my_stdout.getvalue(),
                  "ExecutionState": execution_state}  # fmt: skip
        if len(text) > self.max_json_result_size * 1024 * 1024:
            words = (
                f"Action failed as JSON result exceeded maximum size {self.max_json_result_size}MB"
            )
            output |= {"Message": words, "ResultObjectJson": None, "ResultValue": None,
                       "ExecutionState": 2}  # fmt: skip
        SiemplifyUtils.real_stdout.write(json.dumps(output))
        sys.exit(0)

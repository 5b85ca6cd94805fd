"""What actions and connectors share: context on stdin, the platform over HTTP, a log."""

import json
import os
import signal
import sys

import requests
import SiemplifyUtils

SiemplifyUtils.override_stdout()

MAX_CONTEXT = 3_000_000


class Logger:
    def __init__(self):
        self.log_rows = []

    def _row(self, level, message):
        self.log_rows.append({"message": str(message), "log_level": level})
        print(message)

    def info(self, message):
        self._row(1, message)

    def warn(self, message):
        self._row(2, message)

    def error(self, message):
        self._row(3, message)


class Config:
    is_remote_publisher_sdk = bool(os.environ.get("FAKE_AGENT_FOLDER"))


class Base:
    def __init__(self, key):
        self.script_name = ""
        self.sdk_config = Config()
        self.is_locally_scheduled_remote_connector = False
        self.FILE_SYSTEM_CONTEXT_PATH = os.path.join(
            os.environ.get("FAKE_AGENT_FOLDER", ""), "context_file.json"
        )
        self.LOGGER = Logger()
        self.session = requests.Session()
        self.session.headers["AppKey"] = key
        self.root = f"http://{os.environ['APP_IP']}:{os.environ['APP_PORT']}/api/external/v1/sdk"
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(-143))

    @staticmethod
    def read_context():
        return json.loads(sys.stdin.buffer.read().decode("utf-8-sig"))

    def ask(self, method, path, body=None):
        response = self.session.request(method, f"{self.root}/{path}", json=body)
        if not response.ok:
            raise Exception(f"{response.status_code} Server Error: {response.content!r}")
        return None if response.status_code == 204 else response.json()

    def get_context_property(self, context_type, identifier, key):
        if self.sdk_config.is_remote_publisher_sdk:
            try:
                with open(self.FILE_SYSTEM_CONTEXT_PATH) as file:
                    return json.load(file).get(key)
            except Exception as error:
                self.LOGGER.error(error)
                return None
        wanted = {"ContextType": context_type, "Identifier": identifier, "PropertyKey": key}
        return self.ask("POST", "GetContextProperty", wanted)

    def set_context_property(self, context_type, identifier, key, value):
        if len(str(value)) > MAX_CONTEXT:
            raise Exception("property value has reached maximum length")
        wanted = {"ContextType": context_type, "Identifier": identifier, "PropertyKey": key}
        self.ask("POST", "SetContextProperty", {**wanted, "PropertyValue": value})


class Siemplify(Base):
    vault_settings = None

    def get_configuration(self, provider, environment=None, integration_instance=None):
        found = self.ask("GET", f"configuration/{integration_instance or provider}?format=snake")
        if self.vault_settings is None:
            return found
        return {name: self.vault_settings.get(value, value) for name, value in found.items()}

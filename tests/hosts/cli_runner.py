"""Runs the program in a test, with the emulator's settings in its environment."""

import json
from pathlib import Path

from click.testing import CliRunner

from defender365.hosts.cli.main import program
from tests.lab import Lab


class Cli:
    """Runs the program with the emulator's settings in its environment."""

    def __init__(self, lab: Lab, home: Path) -> None:
        self.lab = lab
        self.home = home
        ready = lab.emulator.ready
        self.env = {
            "HOME": str(home),
            **{f"DEFENDER365_{name}_ROOT": ready["url"] for name in ("API", "GRAPH_API", "LOGIN_API")},
            "DEFENDER365_CA_BUNDLE": ready["ca_bundle"],
            "DEFENDER365_TENANT_ID": ready["tenant_id"],
            "DEFENDER365_CLIENT_ID": ready["client_id"],
            "DEFENDER365_CLIENT_SECRET": ready["client_secret"],
            "XDG_CONFIG_HOME": None, "XDG_CACHE_HOME": None, "XDG_STATE_HOME": None,
            "DEFENDER365_CONFIG": None, "HTTPS_PROXY": None, "https_proxy": None,
        }  # fmt: skip

    def __call__(self, *arguments: str, code: int = 0, text: str | None = None, **env):
        runner = CliRunner(env={**self.env, **env})
        found = runner.invoke(program, list(arguments), input=text)
        assert found.exit_code == code, found.output + found.stderr
        return found

    def json(self, *arguments: str, code: int = 0, **env):
        return json.loads(self(*arguments, "--json", code=code, **env).stdout)

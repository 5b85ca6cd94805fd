"""What the command line does without sending anything."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from defender365.actions import ACTIONS
from defender365.core.connector_params import ConnectorParams
from defender365.core.spec import params_of
from defender365.core.state import State, dump_state
from defender365.hosts.cli.main import program

CONFIGURED = {
    "DEFENDER365_TENANT_ID": "t.example",
    "DEFENDER365_CLIENT_ID": "c",
    "DEFENDER365_CLIENT_SECRET": "hush",
    "DEFENDER365_CONFIG": "/dev/null",
}


def run(*arguments: str, env=None):
    return CliRunner(env={**CONFIGURED, **(env or {})}).invoke(program, list(arguments))


def test_every_action_is_a_command_and_says_what_it_does():
    found = run("--help")
    assert found.exit_code == 0
    for action in ACTIONS:
        assert action.command in found.output
        told = run(action.command, "--help")
        assert told.exit_code == 0
        for declaration in params_of(action.params).values():
            assert f"--{declaration.option}" in told.output


def test_connector_run_takes_every_parameter_as_an_option():
    told = run("connector", "run", "--help").output
    for declaration in params_of(ConnectorParams).values():
        assert f"--{declaration.option}" in told


def test_a_dry_run_prints_the_query_and_sends_nothing():
    found = run("execute-custom-query", "--query", "AlertInfo", "--dry-run")
    assert (found.exit_code, found.output) == (0, "AlertInfo\n| take 50\n")


def test_a_dry_run_is_json_for_programs():
    found = run("execute-query", "--table-names", "AlertInfo", "--dry-run", "--json")
    told = json.loads(found.output)
    assert told["json_result"]["query"].startswith("AlertInfo\n| where Timestamp")
    assert told["execution_state"] == "completed"


def test_a_dry_run_of_bad_input_fails_in_the_actions_words():
    found = run("execute-custom-query", "--query", "", "--dry-run")
    assert found.exit_code == 1
    assert found.output == (
        '✗ Error executing action "Execute Custom Query". Reason: "Query" is mandatory and was not'
        " provided.\n"
    )


def test_an_entity_dry_run_without_entities_says_what_is_missing():
    found = run(
        "execute-entity-query", "--table-names", "A", "--ip-entity-key", "RemoteIP", "--dry-run"
    )
    assert found.exit_code == 0  # as the real run: completed, without success
    assert found.output.startswith("• Action wasn't able to build the query")


def test_a_start_time_without_custom_is_told():
    found = run(
        "execute-query", "--table-names", "AlertInfo", "--start-time", "2026-01-01", "--dry-run",
        "--json",
    )  # fmt: skip
    notes = json.loads(found.output)["json_result"]["notes"]
    assert notes[0].startswith('"Start Time" and "End Time" were not used: "Time Frame" is "Last H')


def test_a_profile_that_is_named_must_be_there():
    found = run("ping", env={"DEFENDER365_CONFIG": "/nonexistent/config.toml"})
    assert found.exit_code == 2
    assert "DEFENDER365_CONFIG names /nonexistent/config.toml, which does not exist" in found.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("update-incident",),
        ("no-such-command",),
        ("ping", "--no-such-option"),
        ("update-incident", "--incident-id", "1", "--status", "Gone"),
        ("execute-entity-query", "--table-names", "A", "--entity", "Planet=Mars"),
        ("connector", "run", "--once", "--interval", "5"),
        ("connector", "run", "--max-incidents-to-fetch", "101"),
        ("connector", "run", "--lowest-severity-to-fetch", "Severe"),
        ("connector", "run", "--environment-regex-pattern", "("),
        ("connector", "run", "--client-secret", "in-the-open"),
        ("connector", "run", "--client-secret", "file:/nonexistent"),
        ("connector", "run", "--api-root", "http://plain.example"),
        ("connector", "explain"),
        ("completion", "tcsh"),
    ],
)
def test_wrong_usage_exits_with_2_and_shows_no_secret(arguments):
    found = run(*arguments)
    assert found.exit_code == 2
    assert "Usage:" in found.output or "Error" in found.output
    assert "Traceback" not in found.output


def test_a_missing_configuration_is_a_usage_error_that_says_what_to_do(tmp_path):
    env = {"DEFENDER365_CLIENT_ID": "", "DEFENDER365_TENANT_ID": ""}
    found = run("ping", "--json", env=env)
    assert found.exit_code == 2
    told = json.loads(found.output)["message"]
    assert '"Tenant ID" is mandatory' in told
    assert "defender365 configure" in told
    assert run("connector", "run", env=env).exit_code == 2


def test_bad_values_fail_before_any_request():
    found = run("add-comment-to-incident", "--incident-id", "none", "--comment", "x", "--json")
    assert found.exit_code == 1
    assert json.loads(found.output) == {
        "action": "Add Comment To Incident",
        "message": 'Error executing action "Add Comment To Incident". Reason: "Incident ID" must be'
        ' a whole number, not "none".',
        "is_success": False,
        "execution_state": "failed",
        "json_result": None,
        "tables": [],
    }


def test_nothing_chosen_is_told_in_the_specifications_words():
    found = run("update-incident", "--incident-id", "1")
    assert found.exit_code == 1
    assert found.output == (
        '✗ Error executing action: "Update Incident". Reason: at least one of the parameters should'
        " have a value provided.\n"
    )


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_there_is_a_completion_for_each_shell(shell):
    found = run("completion", shell)
    assert found.exit_code == 0
    assert "_DEFENDER365_COMPLETE" in found.output


def test_explain_reads_the_state_and_sends_nothing(tmp_path):
    path = tmp_path / "state.json"
    state = State()
    state.ledger.delivered("5", 1, ["a"], at=0)
    path.write_text(dump_state(state))
    found = run("connector", "explain", "--state", str(path), "5", "--json")
    assert json.loads(found.output)["status"] == "delivered"
    assert "delivered" in run("connector", "explain", "--state", str(path), "5").output


def test_a_damaged_state_is_an_error_that_changes_nothing(tmp_path):
    path = tmp_path / "state.json"
    path.write_text("{}")
    explained = run("connector", "explain", "--state", str(path), "5")
    polled = run("connector", "run", "--state", str(path), "--json")
    assert (explained.exit_code, polled.exit_code) == (1, 1)
    assert "Nothing was changed" in json.loads(polled.output)["error"]
    assert path.read_text() == "{}"


LIGHT = """
import sys
import defender365.actions, defender365.connector, defender365.runtime, defender365.api.client
import defender365.api.kept_tokens, defender365.stores.files, defender365.core.case_lines
heavy = {"click", "rich", "starlette", "sqlalchemy", "duckdb", "msal", "keyring", "defender_emulator"}
print(sorted(heavy & set(sys.modules)))
"""


def test_what_the_google_package_ships_imports_nothing_heavy():
    found = subprocess.run(
        [sys.executable, "-c", LIGHT], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"

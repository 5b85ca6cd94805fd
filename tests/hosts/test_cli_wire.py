"""The program itself, as other programs use it, against the emulator."""

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from defender365.hosts.cli import ingest
from defender365.hosts.cli.main import program
from defender365.stores.files import StateFile
from defender_emulator.scenario import IncidentOpened
from defender_emulator.ticks import stamp
from tests.hosts.cli_runner import Cli
from tests.stories import incident

pytestmark = pytest.mark.wire


def test_ping_is_one_object_for_programs(cli: Cli):
    found = cli.json("ping")
    assert sorted(found) == [
        "action", "execution_state", "is_success", "json_result", "message", "tables",
    ]  # fmt: skip
    assert found["is_success"]


def test_a_second_ping_makes_one_request(cli: Cli):
    cli("ping")
    cli.lab.clear_journal()
    cli("ping")
    assert len(cli.lab.world.journal.entries()) == 1


def test_a_failed_action_exits_with_1(cli: Cli):
    found = cli("ping", code=1, DEFENDER365_CLIENT_SECRET="wrong-secret-value")
    assert "Failed to connect to the Microsoft 365 Defender server! Error is" in found.stdout


def test_an_update_is_shown_to_a_person(cli: Cli):
    found = cli("update-incident", "--incident-id", "3", "--status", "resolved")
    assert found.stdout == "✓ Successfully updated incident 3 in Microsoft 365 Defender.\n"


def test_a_run_appends_case_alerts_and_prints_one_summary(cli: Cli, tmp_path):
    out, state = tmp_path / "alerts.jsonl", tmp_path / "state.json"
    run = ("connector", "run", "--once", "--state", str(state), "--output", str(out))
    first = cli.json(*run)
    assert (first["incidents_processed"], first["alerts_delivered"]) == (10, 20)
    assert first["requests"]["GET /security/incidents"] == 1
    assert first["throttled_until"] is None
    second = cli.json(*run)
    assert (second["incidents_processed"], second["alerts_delivered"]) == (2, 4)
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert len({line["display_id"] for line in lines}) == 24
    assert sorted(lines[0]) == [
        "description", "device_product", "device_vendor", "display_id", "end_time", "environment",
        "events", "name", "priority", "rule_generator", "source_grouping_identifier",
        "start_time", "ticket_id",
    ]  # fmt: skip
    told = cli.json("connector", "explain", "--state", str(state), "1")
    assert told["status"] == "delivered"


def test_the_status_and_the_metrics_of_a_run(cli: Cli, tmp_path):
    state, file = tmp_path / "state.json", tmp_path / "connector.prom"
    assert cli("connector", "status", "--state", str(state)).stdout.startswith("never run")
    cli("connector", "run", "--state", str(state), "--metrics", str(file), "--json")
    told = cli("connector", "status", "--state", str(state)).stdout
    assert told.startswith("behind\nThe last run ended ")
    assert "10 incidents processed, 20 alerts delivered, 2 requests." in told
    found = cli.json("connector", "status", "--state", str(state))
    assert found["last_run"]["budget_left"]["incidents"] == 149
    assert found["totals"]["alerts_delivered"] == {"": 20}
    text = cli("connector", "status", "--state", str(state), "--metrics").stdout
    assert "defender365_connector_alerts_delivered_total 20\n" in text
    assert file.read_text() == text
    assert stat.S_IMODE(file.stat().st_mode) == 0o644


def test_each_run_logs_one_summary(cli: Cli, tmp_path):
    said = cli("connector", "run", "--state", str(tmp_path / "s"), "--json", "-v").stderr
    (line,) = [line for line in said.splitlines() if "run ended after" in line]
    assert "20 alerts delivered" in line
    assert "budget left: alerts 20, incidents 149, hunting 45" in line


def test_a_half_written_line_of_a_killed_run_is_taken_off(cli: Cli, tmp_path):
    out = tmp_path / "alerts.jsonl"
    out.write_text('{"whole": 1}\n{"half')
    cli("connector", "run", "--output", str(out))
    first, second, *_ = map(json.loads, out.read_text().splitlines())
    assert first == {"whole": 1}
    assert "display_id" in second
    out.write_text("x" * 200_000)
    cli("connector", "run", "--output", str(out))
    assert out.read_text().count("x" * 1000) == 0


def test_without_an_output_a_person_sees_the_alerts(cli: Cli):
    found = cli("connector", "run")
    assert found.stdout.count("Alert a of") == 10
    assert "10 incidents processed" in found.stdout
    assert "More incidents wait" in found.stdout


def test_stdout_takes_the_alerts_and_stderr_the_summary(cli: Cli):
    found = cli("connector", "run", "--output", "-", "--json")
    assert len([json.loads(line) for line in found.stdout.splitlines()]) == 20
    assert json.loads(found.stderr)["alerts_delivered"] == 20


def test_a_test_run_leaves_no_state(cli: Cli, tmp_path):
    state = tmp_path / "state.json"
    found = cli.json("connector", "run", "--test-run", "--state", str(state))
    assert found["incidents_processed"] == 1
    assert not state.exists()


def test_the_dynamic_list_and_filters_are_options(cli: Cli):
    found = cli.json(
        "connector", "run", "--dynamic-list", "Incident number 1", "--dynamic-list",
        "Incident number 2", "--no-use-whitelist-as-a-blacklist", "--environment", "Mine",
    )  # fmt: skip
    assert found["incidents_processed"] == 2
    assert found["filtered"]["dynamic_list"] >= 1


def test_what_happened_is_logged_on_stderr_when_asked(cli: Cli):
    assert cli("connector", "run", "--json").stderr == ""
    said = cli("connector", "run", "--json", "-vv").stderr
    assert "GET /security/incidents at 127.0.0.1: 200" in said


def test_trouble_is_in_the_summary_and_in_the_exit_code(cli: Cli):
    cli.lab.fault("graph.incidents.list", status=400, times=None)
    found = cli.json("connector", "run", code=1)
    assert found["error"] == "A fault of the emulator's."
    shown = cli("connector", "run", code=1)
    assert "✗" in shown.stdout


def test_a_429_is_told_and_no_failure(cli: Cli):
    cli.lab.fault("graph.incidents.list", status=429)
    assert cli.json("connector", "run")["throttled_until"].endswith("Z")
    assert "nothing is asked for until" in cli("connector", "run").stdout


def test_bad_records_are_counted_for_a_person(cli: Cli):
    now = cli.lab.world.clock.now()
    bad = {**incident(9, 0), "id": "", "lastUpdateDateTime": stamp(now)}
    cli.lab.world.tenant.add([IncidentOpened(now, bad)])
    found = cli("connector", "run", "--max-incidents-to-fetch", "100")
    assert "Set aside: 1 records" in found.stdout


def test_another_run_that_holds_the_state_is_told(cli: Cli, tmp_path):
    path = tmp_path / "state.json"
    with StateFile(path).locked():
        found = cli("connector", "run", "--state", str(path), code=1)
    assert "Another run is using the state file" in found.stdout


def test_an_output_that_cannot_be_written_is_told(cli: Cli, tmp_path):
    found = cli("connector", "run", "--output", str(tmp_path), code=1)
    assert "cannot be written" in found.stdout


def test_with_an_interval_it_polls_again_until_the_state_is_no_use(cli: Cli, tmp_path, monkeypatch):
    state = tmp_path / "state.json"
    clock = cli.lab.time.clock
    polls = []

    def sleep(seconds: float) -> None:
        polls.append(seconds)
        if len(polls) == 2:
            raise KeyboardInterrupt

    real = ingest.machine_clock()
    monkeypatch.setattr(ingest, "machine_clock", lambda: type(clock)(real.now, real.steady, sleep))
    found = CliRunner(env=cli.env).invoke(
        program, ["connector", "run", "--interval", "60", "--state", str(state), "--json"]
    )
    assert polls == [60.0, 60.0]
    assert len(found.stdout.splitlines()) == 2
    assert "Interrupted" in found.stderr
    assert found.exit_code == 0


def test_an_interval_ends_when_the_state_is_no_use(cli: Cli, tmp_path):
    state = tmp_path / "state.json"
    with StateFile(state).locked():
        found = cli("connector", "run", "--interval", "60", "--state", str(state), code=1)
    assert "Another run" in found.stdout


def process(cli: Cli, *arguments: str, stdout):
    env = {k: v for k, v in {**os.environ, **cli.env}.items() if v is not None}
    command = [sys.executable, "-m", "defender365", *arguments]
    return subprocess.run(
        command, env=env, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False
    )


def test_a_path_that_leads_to_stdout_is_stdout(cli: Cli, tmp_path):
    with (tmp_path / "out").open("w") as out:
        found = process(cli, "connector", "run", "--output", "/dev/stdout", stdout=out)
    assert found.returncode == 0
    lines = [json.loads(line) for line in (tmp_path / "out").read_text().splitlines()]
    assert len(lines) == 20
    assert "20 alerts delivered" in found.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the devices of Linux")
def test_devices_are_written_to_or_told_by_name(cli: Cli, tmp_path):
    cli("connector", "run", "--output", "/dev/null", "--state", str(tmp_path / "a"))
    state = tmp_path / "b"
    found = cli("connector", "run", "--output", "/dev/full", "--state", str(state), code=1)
    assert "/dev/full cannot be written: No space left on device." in found.stdout
    assert cli.json("connector", "run", "--state", str(state))["alerts_delivered"] == 20


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the devices of Linux")
@pytest.mark.parametrize("arguments", [("ping", "--json"), ("connector", "run", "--output", "-")])
def test_an_output_that_is_full_is_one_sentence(cli: Cli, arguments):
    with Path("/dev/full").open("w") as full:
        found = process(cli, *arguments, stdout=full)
    assert found.returncode == 1
    assert "cannot be written: No space left on device." in found.stderr
    assert "Traceback" not in found.stderr


def test_a_reader_that_goes_away_ends_it_quietly_and_loses_nothing(cli: Cli, tmp_path):
    state = tmp_path / "state.json"
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as gone:
        found = process(
            cli, "connector", "run", "--output", "-", "--state", str(state), stdout=gone
        )
    assert (found.returncode, found.stderr) == (1, "")
    assert cli.json("connector", "run", "--state", str(state))["alerts_delivered"] == 20


def test_an_empty_state_file_is_an_error_and_not_a_fresh_start(cli: Cli, tmp_path):
    state = tmp_path / "state.json"
    state.touch()
    found = cli.json("connector", "run", "--state", str(state), code=1)
    assert "is empty. Nothing was changed." in found["error"]
    assert found["requests"] == {}
    assert cli("connector", "explain", "--state", str(state), "1", code=1)


def test_configure_asks_stores_and_pings(cli: Cli, tmp_path):
    ready = cli.lab.emulator.ready
    profile = tmp_path / "p.toml"
    env = {
        "DEFENDER365_CONFIG": str(profile), "DEFENDER365_TENANT_ID": None,
        "DEFENDER365_CLIENT_ID": None, "DEFENDER365_CLIENT_SECRET": None,
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
    }  # fmt: skip
    typed = f"{ready['tenant_id']}\n{ready['client_id']}\nglobal\n{ready['client_secret']}\n"
    found = cli("configure", text=typed, **env)
    assert "Successfully connected" in found.stdout
    assert "this machine has no keyring" in found.stdout
    assert ready["client_secret"] not in found.stdout
    assert profile.stat().st_mode & 0o077 == 0
    assert ready["client_secret"] in profile.read_text()
    assert cli.json("ping", **env)["is_success"]


def test_configure_sends_and_stores_nothing_when_a_setting_is_malformed(cli: Cli, tmp_path):
    profile = tmp_path / "p.toml"
    profile.write_text('tenant_id = "kept.example"\n')
    env = {
        "DEFENDER365_CONFIG": str(profile), "DEFENDER365_CLIENT_ID": None,
        "DEFENDER365_CLIENT_SECRET": None,
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
    }  # fmt: skip
    cli.lab.clear_journal()
    found = cli("configure", text="not a tenant\nclient\nglobal\nsecret\n", code=2, **env)
    assert "Tenant ID" in found.stderr
    assert profile.read_text() == 'tenant_id = "kept.example"\n'
    assert not cli.lab.statuses()


@pytest.mark.parametrize(("answer", "replaced"), [("n", False), ("y", True)])
def test_configure_replaces_working_settings_by_failing_ones_only_when_told(
    cli: Cli, tmp_path, answer, replaced
):
    ready = cli.lab.emulator.ready
    profile = tmp_path / "p.toml"
    stored = f'tenant_id = "{ready["tenant_id"]}"\nclient_secret = "old-one"\n'
    profile.write_text(stored)
    env = {
        "DEFENDER365_CONFIG": str(profile), "DEFENDER365_TENANT_ID": None,
        "DEFENDER365_CLIENT_ID": None, "DEFENDER365_CLIENT_SECRET": "wins-elsewhere",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
    }  # fmt: skip
    typed = f"\n{ready['client_id']}\nglobal\nwrong\n{answer}\n"
    found = cli("configure", text=typed, code=1, **env)
    assert "AADSTS7000215" in found.stdout
    assert "DEFENDER365_CLIENT_SECRET" in found.stdout  # told that it wins over the profile
    assert (profile.read_text() != stored) is replaced
    assert ("Nothing was changed." in found.stdout) is not replaced


def test_an_empty_answer_keeps_the_stored_secret(cli: Cli, tmp_path):
    ready = cli.lab.emulator.ready
    profile = tmp_path / "p.toml"
    profile.write_text(
        f'tenant_id = "{ready["tenant_id"]}"\nclient_id = "{ready["client_id"]}"\n'
        f'client_secret = "{ready["client_secret"]}"\n'
    )
    env = {
        "DEFENDER365_CONFIG": str(profile), "DEFENDER365_TENANT_ID": None,
        "DEFENDER365_CLIENT_ID": None, "DEFENDER365_CLIENT_SECRET": None,
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
    }  # fmt: skip
    found = cli("configure", text="\n\n\n\n", **env)
    assert ready["client_secret"] in profile.read_text()
    assert ready["client_secret"] not in found.stdout


def test_the_emulator_command_prints_one_line_and_ends_on_a_signal(tmp_path):
    command = [sys.executable, "-m", "defender365", "emulator", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    ready = json.loads(process.stdout.readline())
    assert sorted(ready) == ["ca_bundle", "client_id", "client_secret", "tenant_id", "url"]
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "", "")
    assert not Path(ready["ca_bundle"]).exists()


def test_the_program_runs_as_a_process_and_shows_no_traceback(cli: Cli):
    env = {k: v for k, v in {**os.environ, **cli.env}.items() if v is not None}
    command = [sys.executable, "-m", "defender365", "execute-query", "--table-names", "bad name"]
    found = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert '"Table Names": "bad name" is not a table name' in found.stdout
    assert found.stderr == ""

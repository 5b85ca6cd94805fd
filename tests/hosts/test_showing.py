"""What people see."""

import io
import sys

import keyring
import pytest
from click.testing import CliRunner
from keyring.backend import KeyringBackend

from defender365.actions.outcome import Outcome
from defender365.core.spec import Table
from defender365.hosts.cli import show
from defender365.hosts.cli.main import main, program
from defender365.runtime import Host, secret_from_keyring, secret_to_keyring


def test_hostile_cells_are_shown_as_text(capsys):
    rows = (("[red]x[/]", "\x1b[31mred", None), ({"a": 1}, "y" * 300, None))
    show.show_table(Table("Results", ("A", "B", "Empty"), rows))
    shown = capsys.readouterr().out
    assert "[red]x[/]" in shown
    assert "\x1b" not in shown
    assert "Empty" not in shown
    assert '{"a": 1}' in shown


def test_a_pipe_gets_every_value_whole_a_row_a_line(capsys):
    columns = tuple(f"Column{n}" for n in range(40))
    rows = tuple(tuple(f"{n}-{'v' * 300}" for n in range(40)) for _ in range(3))
    show.show_table(Table("Results", columns, rows))
    shown = capsys.readouterr().out
    assert "…" not in shown
    assert len([line for line in shown.splitlines() if "39-" + "v" * 300 in line]) == 3


def test_a_narrow_terminal_shows_each_row_by_itself(monkeypatch):
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "dumb")
    columns = tuple(f"Column{n}" for n in range(10))
    rows = ((*tuple(f"value {n}" for n in range(9)), None),) * 2
    show.show_table(Table("Results", columns, rows))
    lines = screen.getvalue().splitlines()
    assert lines[1] == "─ 1 of 2"
    assert lines[2] == "  Column0  value 0"
    assert not [line for line in lines if "Column9" in line]
    assert max(map(len, lines)) <= 60


@pytest.mark.parametrize(
    ("success", "state", "mark"),
    [(True, "completed", "✓"), (False, "completed", "•"), (False, "failed", "✗")],
)
def test_an_outcome_has_its_mark(success, state, mark, capsys):
    show.show_outcome(Outcome("A", "said", success, state))
    assert capsys.readouterr().out == f"{mark} said\n"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_one_line_on_a_terminal_and_nothing_elsewhere(monkeypatch):
    with show.Progress("Polling …") as quiet:
        quiet.say("still")
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    with show.Progress("Polling …") as progress:
        progress._start()
        progress.say("Polling … 5 incidents")
    assert "Polling" in screen.getvalue()


class Keyring(KeyringBackend):
    priority = 1

    def __init__(self):
        super().__init__()
        self.kept = {}

    def get_password(self, service, username):
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        self.kept[service, username] = password


@pytest.fixture
def kept():
    before = keyring.get_keyring()
    backend = Keyring()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(before)


def test_a_secret_is_kept_in_the_systems_keyring_and_found_there(kept, tmp_path):
    profile = tmp_path / "p.toml"
    env = {"HOME": str(tmp_path), "DEFENDER365_CONFIG": str(profile)}
    for root in ("API", "GRAPH_API", "LOGIN_API"):
        env[f"DEFENDER365_{root}_ROOT"] = "https://127.0.0.1:1"
    typed = "t.example\nc\ngcc\nkeyring-secret\n"
    found = CliRunner(env=env).invoke(program, ["configure"], input=typed)
    assert found.exit_code == 1
    assert "the client secret in the system's keyring" in found.output
    assert "keyring-secret" not in profile.read_text() + found.output
    assert Host(env).settings().client_secret == "keyring-secret"
    assert secret_to_keyring("t", "c", "x")
    assert secret_from_keyring("t", "c") == "x"
    assert secret_from_keyring("t", "other") == ""


def test_a_profile_that_cannot_be_used_or_written_stops_configure(tmp_path):
    (tmp_path / "p.toml").write_text("= 5")
    env = {"HOME": str(tmp_path), "DEFENDER365_CONFIG": str(tmp_path / "p.toml"),
           "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}  # fmt: skip
    found = CliRunner(env=env).invoke(program, ["configure"])
    assert found.exit_code == 2
    blocked = tmp_path / "file"
    blocked.write_text("")
    env["DEFENDER365_CONFIG"] = str(blocked / "p.toml")
    found = CliRunner(env=env).invoke(program, ["configure"], input="t\nc\nglobal\nsecret\n")
    assert found.exit_code in {1, 2}
    assert "Traceback" not in found.output


def test_the_program_ends_with_its_exit_code(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    assert "execute-query" in capsys.readouterr().out


def test_without_the_emulator_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    found = CliRunner().invoke(program, ["emulator"])
    assert found.exit_code == 2
    assert "The emulator is not installed" in found.output


def test_a_secret_may_come_from_a_variable_a_file_or_standard_input(tmp_path):
    (tmp_path / "secret").write_text("from-file\n")
    for source in ("env:MY_SECRET", f"file:{tmp_path / 'secret'}", "-"):
        found = CliRunner(env={"MY_SECRET": "x", "HOME": str(tmp_path)}).invoke(
            program,
            ["connector", "run", "--client-secret", source, "--tenant-id", "two words"],
            input="typed\n",
        )
        assert found.exit_code == 2
        assert '"Tenant ID" must be' in found.output
        assert "Client Secret" not in found.output

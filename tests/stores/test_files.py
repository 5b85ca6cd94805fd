import stat

import pytest

from defender365.core.errors import BadInput, StateUnreadable
from defender365.stores.files import StateFile, TextFile, read_profile, write_profile


def test_a_text_is_replaced_whole_and_only_its_owner_can_read_it(tmp_path):
    file = TextFile(tmp_path / "deep" / "file")
    assert file.read() == ""
    file.write("one")
    file.write("two")
    assert file.read() == "two"
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert [path.name for path in file.path.parent.iterdir()] == ["file"]


def test_a_write_that_fails_leaves_the_old_text_and_no_rest(tmp_path):
    file = TextFile(tmp_path / "file")
    file.write("old")
    with pytest.raises(UnicodeEncodeError):
        file.write("\ud800")
    assert file.read() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_state_file_that_cannot_be_read_is_an_error(tmp_path):
    path = tmp_path / "state"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(StateUnreadable, match="Nothing was changed"):
        StateFile(path).read()
    with pytest.raises(StateUnreadable):
        StateFile(tmp_path).read()


def test_one_run_at_a_time_holds_a_state(tmp_path):
    first, second = StateFile(tmp_path / "state"), StateFile(tmp_path / "state")
    with first.locked(), pytest.raises(BadInput, match="Another run"), second.locked():
        pass
    with second.locked():
        pass


def test_what_a_killed_run_left_is_swept_up_by_the_next_one(tmp_path):
    (tmp_path / ".state.json.x1y2z3a_").write_text("half")
    (tmp_path / ".state.json.2.x1y2z3a_").write_text("of a state with a longer name")
    (tmp_path / ".other.json.x1y2z3").write_text("somebody else's")
    with StateFile(tmp_path / "state.json").locked():
        left = {path.name for path in tmp_path.iterdir()}
    assert left == {"state.json.lock", ".other.json.x1y2z3", ".state.json.2.x1y2z3a_"}


def test_trying_to_write_changes_nothing_and_leaves_nothing(tmp_path):
    file = TextFile(tmp_path / "file")
    file.write("old")
    file.try_to_write("new" * 1000)
    assert file.read() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    with pytest.raises(OSError, match=r".+"):
        TextFile(tmp_path / "file" / "below").try_to_write("x")


def test_a_profile_is_toml_or_json(tmp_path):
    path = tmp_path / "config.toml"
    assert read_profile(path) == {}
    write_profile(path, {"tenant_id": 'a"\\b', "client_secret_in_keyring": True})
    assert read_profile(path) == {"tenant_id": 'a"\\b', "client_secret_in_keyring": True}
    path.write_text('{"Tenant ID": "t"}')
    assert read_profile(path) == {"Tenant ID": "t"}


@pytest.mark.parametrize("text", ["tenant_id = unquoted", "{", "= 5"])
def test_a_profile_that_is_neither_is_told(tmp_path, text):
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(BadInput, match="neither TOML nor JSON"):
        read_profile(path)


def test_a_profile_that_cannot_be_read_is_told(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        read_profile(tmp_path)

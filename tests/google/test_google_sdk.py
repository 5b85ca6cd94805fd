"""Finding Google's SDK, and what is said when it is not there."""

import sys

import pytest

from defender365.hosts.google_secops import sdk


def test_the_sdk_is_found_as_its_package(tmp_path, monkeypatch):
    package = tmp_path / "soar_sdk"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "SomethingOfTheSdk.py").write_text("import AnotherOfTheSdk\nFOUND = True\n")
    (package / "AnotherOfTheSdk.py").write_text("")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert sdk.module("SomethingOfTheSdk").FOUND
    assert sdk.module("SomethingOfTheSdk") is sys.modules["SomethingOfTheSdk"]


def test_a_module_of_the_sdk_that_lacks_something_says_what(tmp_path, monkeypatch):
    (tmp_path / "Lacking.py").write_text("import not_installed_here\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with pytest.raises(ModuleNotFoundError, match="not_installed_here"):
        sdk.module("Lacking")

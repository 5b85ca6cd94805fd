"""Fixtures: a browser, and the widget seen in it."""

import pytest

from tests.widgets.chromium import Chromium, installed
from tests.widgets.page import LOOK, filled


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    program = installed()
    if program is None:
        pytest.skip("No Chromium is installed, so the widget was NOT tried in a browser.")
    return Chromium(program, tmp_path_factory.mktemp("widget"))


@pytest.fixture
def see(browser):
    return lambda result, act: browser.see(filled(result), LOOK + act)

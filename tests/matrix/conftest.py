"""One emulator for all situations of a process."""

import pytest

from tests.matrix.run import serving


@pytest.fixture(scope="session")
def tenant():
    with serving() as running:
        yield running

"""Every situation, in the order of the table."""

from tests.matrix.accidents import ACCIDENTS
from tests.matrix.requests_that_fail import FAILING, THROTTLED
from tests.matrix.tenants_that_change import CHANGING

GROUPS = (
    ("Throttled", THROTTLED),
    ("Failing", FAILING),
    ("Changing", CHANGING),
    ("Accidents", ACCIDENTS),
)
SITUATIONS = tuple(situation for _, group in GROUPS for situation in group)

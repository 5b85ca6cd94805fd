import pytest

from defender365.api.limits import RATES, Budgets
from defender365.core.clock import Deadline
from defender365.core.errors import BudgetSpent
from tests.fakes import FakeTime


def test_a_budget_lets_its_rate_through_and_then_waits_for_the_oldest_to_pass():
    time = FakeTime()
    budgets = Budgets(time.clock)
    for _ in range(RATES["alerts"]):
        budgets.take("alerts", Deadline(time.clock))
    assert time.waits == []
    budgets.take("alerts", Deadline(time.clock))
    assert sum(time.waits) == pytest.approx(60)
    assert budgets.used("alerts") == (1, 20)


def test_a_wait_beyond_the_deadline_is_told_instead():
    time = FakeTime()
    budgets = Budgets(time.clock)
    deadline = Deadline(time.clock, 30)
    for _ in range(RATES["alerts"]):
        budgets.take("alerts", deadline)
    with pytest.raises(BudgetSpent, match="20 alert requests a minute") as caught:
        budgets.take("alerts", deadline)
    assert caught.value.retry_after == pytest.approx(60)


def test_a_fresh_process_knows_what_the_last_one_spent():
    time = FakeTime()
    first = Budgets(time.clock)
    for _ in range(RATES["alerts"]):
        first.take("alerts", Deadline(time.clock))
    time.advance(10)
    second = Budgets(time.clock, first.snapshot())
    assert second.wait("alerts") == pytest.approx(50)
    assert second.wait("incidents") == 0
    time.advance(51)
    assert Budgets(time.clock, first.snapshot()).wait("alerts") == 0


def test_times_of_a_clock_that_was_ahead_do_not_count():
    time = FakeTime()
    assert Budgets(time.clock, {"alerts": [time.clock.seconds() + 999] * 50}).wait("alerts") == 0

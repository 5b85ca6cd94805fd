"""The end of a story: faults are over, runs go on, and then everything owed must be there."""

import json

from defender365.core.summary import Summary
from defender_emulator.ticks import ticks_of
from tests.machine.hosted import Hosted
from tests.machine.troubles import Troubles

PAUSES = (1, 1, 1, 5, 10, 15, 15, 15, 30, 60, 60)
"""Minutes between the runs of a rest; after the longest wait of an incident set aside."""
WINDOW = 35 * 60 * 10_000_000


def come_to_rest(hosted: Hosted, troubles: Troubles, *, alone: bool = True) -> None:
    """Run until quiet over some hours, then ask the oracle; unless `alone` incidents go on opening."""
    calm(hosted, troubles)
    for minutes in PAUSES:
        _goes_by(hosted, minutes, alone=alone)
    late = _missing(hosted)
    for _ in range(8):  # late is not lost: the report should know which it is
        if not _missing(hosted):
            break
        _goes_by(hosted, 30, alone=alone)
    missing = _missing(hosted)
    assert not missing, f"lost: {missing}"
    assert not late, f"late, after hours without a fault: {late}"
    _check_explanations(hosted)
    _check_cost(hosted)
    idle(hosted)


def calm(hosted: Hosted, troubles: Troubles) -> None:
    """No faults any more, and nothing that will happen in the middle of a run."""
    assert not troubles.errors, troubles.errors
    troubles.clear()
    hosted.meanwhile.clear()
    hosted.oracle.observe()


def idle(hosted: Hosted, most: int = 15) -> None:
    """Where nothing happens, a run soon asks for nothing but the list."""
    for _ in range(most):
        before = _alone(hosted)
        _run(hosted)
        if _alone(hosted) == before or json.loads(hosted.lab.state_text)["aside"]:
            return
        hosted.lab.wait(60)
    raise AssertionError(f"{most} runs in a row asked for single incidents again")


def _alone(hosted: Hosted) -> int:
    return hosted.requests("incidents/{id}")


def _goes_by(hosted: Hosted, minutes: float, *, alone: bool) -> None:
    hosted.lab.wait(minutes * 60)
    if not alone:
        hosted.oracle.tenancy.open()
    until_quiet(hosted)


def until_quiet(hosted: Hosted) -> None:
    """Run until no run leaves a backlog."""
    for _ in range(60):
        summary = _run(hosted)
        if summary.throttled_until:
            hosted.lab.wait(max(1, summary.throttled_until - hosted.lab.now))
        elif not summary.backlog:
            return
        else:
            hosted.lab.wait(5)
    raise AssertionError("the connector does not come to rest")


def _run(hosted: Hosted) -> Summary:
    summary = hosted.run()
    assert summary is not None
    assert summary.failure is None, f"a run at rest failed: {summary.failure}"
    return summary


def _missing(hosted: Hosted) -> dict[str, str]:
    return {key: home for key, home in hosted.oracle.owed().items() if not hosted.got[key]}


def _check_explanations(hosted: Hosted) -> None:
    oracle = hosted.oracle
    for key in oracle.tenancy.keys:
        told = hosted.lab.explain(key)
        delivered = hosted.by_incident[key]
        allowed = oracle.statuses(key, delivered)
        assert told.status != "waiting", f"incident {key} at rest: {told.reason}"
        assert not allowed or told.status in allowed, f"{key} is {allowed}: {told}"
        assert told.alerts_delivered <= len(delivered), told
        assert hosted.kills or told.alerts_delivered == len(delivered), told
        if told.status == "redirected":
            target = oracle.tenancy.tenant.incidents.get(key, {}).get("redirectIncidentId")
            assert not target or f"incident {target} " in told.reason, told
    told = hosted.lab.explain("no such incident")
    assert told.status == "unknown", told


def _check_cost(hosted: Hosted) -> None:
    """A quiet run costs two requests at most: fewer than 50 incidents lie in the overlap."""
    costs = []
    for _ in range(4):
        before = hosted.requests()
        _run(hosted)
        costs.append(hosted.requests() - before)
        hosted.lab.wait(5)
    assert min(costs) <= _fair_cost(hosted), f"quiet runs cost {costs} requests"


def _fair_cost(hosted: Hosted) -> int:
    tenant = hosted.oracle.tenancy.tenant
    times = [ticks_of(record.get("lastUpdateDateTime")) or 0 for record in tenant.all_incidents()]
    window: int = sum(time >= max(times) - WINDOW for time in times)
    alone: int = sum(tenant.count_alerts(key) > 0 for key in tenant.incidents)
    return 2 + window // 50 + alone

"""The control API under /_emulator/: reset, scenario, clock, faults, limits, journal, apps, state."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from defender_emulator.clock import machine_now, machine_seconds
from defender_emulator.identity import App
from defender_emulator.ticks import moment_of, stamp
from defender_emulator.world import World

Body = dict[str, Any]


class BadControl(Exception):
    """A control request that makes no sense; the text says why."""


def state(world: World, _body: Body) -> Body:
    """What there is."""
    tenant = world.tenant
    tenant.settle()
    return {
        "scenario": tenant.scenario.name,
        "title": tenant.scenario.title,
        "now": stamp(world.clock.now()),
        "end": stamp(tenant.scenario.end),
        "incidents": len(tenant.incidents),
        "alerts": len(tenant.alerts),
        "masking": world.masking,
    }


def reset(world: World, _body: Body) -> Body:
    """The scenario from its start, without faults, journal and spent quotas."""
    world.load(world.tenant.scenario)
    return state(world, {})


def load(world: World, body: Body) -> Body:
    """Another scenario: `name`, and maybe `seed`, `start`, `speed`, `options`."""
    start = _moment(body["start"]) if body.get("start") else machine_now()
    try:
        world.build(
            str(body.get("name")), int(body.get("seed", 0)), start, dict(body.get("options") or {})
        )
    except (ValueError, TypeError) as error:
        raise BadControl(str(error)) from None
    if "speed" in body:
        world.clock.set_factor(speed(str(body["speed"])))
    return state(world, {})


def scenarios(_world: World, _body: Body) -> Body:
    """The scenarios that can be loaded."""
    from defender_emulator.scenarios import NAMES  # noqa: PLC0415  as in World.build

    return {"scenarios": [{"name": name, "title": title} for name, title in NAMES]}


def get_clock(world: World, _body: Body) -> Body:
    """The virtual time and how it runs."""
    clock = world.clock
    return {"now": stamp(clock.now()), "mode": clock.mode, "factor": clock.factor}


def set_clock(world: World, body: Body) -> Body:
    """`speed` (real, stepped or a factor) and/or `now`."""
    if "speed" in body:
        world.clock.set_factor(speed(str(body["speed"])))
    if "now" in body:
        world.clock.set(_moment(body["now"]))
    return get_clock(world, {})


def advance(world: World, body: Body) -> Body:
    """Step forward by `seconds`, or `to` a moment."""
    if "to" in body:
        world.clock.set(max(_moment(body["to"]), world.clock.now()))
    else:
        world.clock.advance(_number(body, "seconds"))
    return get_clock(world, {})


def get_faults(world: World, _body: Body) -> Body:
    """The faults in force."""
    return {"faults": world.faults.state()}


def add_fault(world: World, body: Body) -> Body:
    """Put a fault in force; see `faults.Fault` for its fields."""
    try:
        return {"id": world.faults.add(**body).id}
    except (TypeError, ValueError) as error:
        raise BadControl(str(error)) from None


def clear_faults(world: World, _body: Body) -> Body:
    """No more faults."""
    world.faults.clear()
    return {"faults": []}


def get_limits(world: World, _body: Body) -> Body:
    """Every quota: its limit, what is used, and the wait."""
    return {
        "limits": world.limits.state(world.quota_seconds()),
        "retry_after": world.limits.retry_after,
    }


def set_limits(world: World, body: Body) -> Body:
    """`limits` by name, and/or whether a 429 says `retry_after`."""
    for name, limit in dict(body.get("limits") or {}).items():
        try:
            world.limits.set(str(name), int(limit))
        except (KeyError, ValueError, TypeError):
            raise BadControl(f"There is no quota {name!r}, or {limit!r} is no number.") from None
    if "retry_after" in body:
        world.limits.retry_after = bool(body["retry_after"])
    return get_limits(world, {})


def get_journal(world: World, body: Body) -> Body:
    """The requests received; query parameters filter by a field's value."""
    return {"requests": world.journal.entries(**{str(k): str(v) for k, v in body.items()})}


def clear_journal(world: World, _body: Body) -> Body:
    """Forget the requests."""
    world.journal.clear()
    return {"requests": []}


def get_apps(world: World, _body: Body) -> Body:
    """The app registrations."""
    return {
        "apps": [
            {"client_id": app.client_id, "name": app.name, "roles": list(app.roles)}
            for app in world.identity.apps.values()
        ]
    }


def put_app(world: World, body: Body) -> Body:
    """Add or replace an app: `client_id`, `name`, and maybe secret, roles, certificates, federated."""
    try:
        app = App(**{**body, "roles": tuple(body.get("roles") or ())})
    except TypeError as error:
        raise BadControl(str(error)) from None
    world.identity.apps[app.client_id] = app
    return get_apps(world, {})


def expire_tokens(world: World, _body: Body) -> Body:
    """Every token issued so far is expired."""
    world.identity.revoked_before = machine_seconds()
    return {"expired": True}


def set_settings(world: World, body: Body) -> Body:
    """`masking`: whether evolvable enum members are hidden without the Prefer header."""
    world.masking = bool(body.get("masking", world.masking))
    return {"masking": world.masking}


CONTROLS: tuple[tuple[str, str, Callable[[World, Body], Body]], ...] = (
    ("GET", "state", state),
    ("POST", "reset", reset),
    ("GET", "scenarios", scenarios),
    ("POST", "scenario", load),
    ("GET", "clock", get_clock),
    ("POST", "clock", set_clock),
    ("POST", "clock/advance", advance),
    ("GET", "faults", get_faults),
    ("POST", "faults", add_fault),
    ("DELETE", "faults", clear_faults),
    ("GET", "limits", get_limits),
    ("POST", "limits", set_limits),
    ("GET", "journal", get_journal),
    ("DELETE", "journal", clear_journal),
    ("GET", "apps", get_apps),
    ("POST", "apps", put_app),
    ("POST", "tokens/expire", expire_tokens),
    ("POST", "settings", set_settings),
)
"""Method, path under /_emulator/, and what it does."""


def speed(word: str) -> float:
    """How fast a clock runs: `real`, `stepped`, or a factor. Raises `BadControl`."""
    named = {"real": 1.0, "stepped": 0.0}
    try:
        factor = named[word] if word in named else float(word)
    except ValueError:
        raise BadControl(f"A speed is real, stepped or a factor, not {word!r}.") from None
    if not 0 <= factor <= 1_000_000:
        raise BadControl("A speed is between 0 and 1,000,000.")
    return factor


def _moment(text: Any) -> datetime:
    moment = moment_of(str(text))
    if moment is None:
        raise BadControl(f"{text!r} is no ISO 8601 time.")
    return moment


def _number(body: Body, name: str) -> float:
    value = body.get(name)
    if not isinstance(value, (int, float)) or value < 0:
        raise BadControl(f"{name} must be a number, 0 or more.")
    return float(value)

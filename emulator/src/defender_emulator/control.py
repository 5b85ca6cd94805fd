"""The control API under /_emulator/: reset, scenario, clock, faults, limits, journal, apps, state."""

import fnmatch
from collections.abc import Callable
from datetime import datetime
from typing import Any

from defender_emulator.clock import machine_now, machine_seconds
from defender_emulator.identity import App
from defender_emulator.tables import drop_table, list_tables, put_table
from defender_emulator.ticks import moment_of, stamp
from defender_emulator.wanted import (
    APP,
    CLOCK,
    FAULT,
    LIMITS,
    SCENARIO,
    SETTINGS,
    STEP,
    BadControl,
    checked,
)
from defender_emulator.world import World

Body = dict[str, Any]


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
    checked(body, SCENARIO, "name")
    start = _moment(body["start"]) if body.get("start") else machine_now()
    options = {str(k): str(v) for k, v in (body.get("options") or {}).items()}
    try:
        world.build(body["name"], body.get("seed", 0), start, options)
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
    checked(body, CLOCK)
    if "speed" in body:
        world.clock.set_factor(speed(str(body["speed"])))
    if "now" in body:
        world.clock.set(_moment(body["now"]))
    return get_clock(world, {})


def advance(world: World, body: Body) -> Body:
    """Step forward by `seconds`, or `to` a moment."""
    checked(body, STEP, *(() if "to" in body else ("seconds",)))
    if "to" in body:
        world.clock.set(max(_moment(body["to"]), world.clock.now()))
    else:
        try:
            world.clock.advance(float(body["seconds"]))
        except OverflowError:
            raise BadControl("The clock cannot go beyond the year 9999.") from None
    return get_clock(world, {})


def get_faults(world: World, _body: Body) -> Body:
    """The faults in force."""
    return {"faults": world.faults.state()}


def add_fault(world: World, body: Body) -> Body:
    """Put a fault in force; see `faults.Fault` for its fields."""
    checked(body, FAULT, "kind")
    _known_route(body.get("route", "*"))
    try:
        return {"id": world.faults.add(**body).id}
    except (TypeError, ValueError) as error:
        raise BadControl(str(error)) from None


def _known_route(pattern: str) -> None:
    from defender_emulator.routes import ROUTES  # noqa: PLC0415  routes know nothing of control

    names = sorted({route.name for route in ROUTES} | {"identity.token"})
    if not fnmatch.filter(names, pattern):
        raise BadControl(f'No route is called "{pattern}"; there are {", ".join(names)}.')


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
    """`limits` by name (a whole number a span), and/or `retry_after`: whether a 429 says how long."""
    checked(body, LIMITS)
    for name, limit in (body.get("limits") or {}).items():
        if not isinstance(limit, int) or isinstance(limit, bool) or limit < 0:
            raise BadControl(f'The limit of "{name}" must be a whole number, 0 or more.')
        try:
            world.limits.set(name, limit)
        except KeyError:
            known = ", ".join(world.limits.state(world.quota_seconds()))
            raise BadControl(f'There is no quota "{name}"; there are {known}.') from None
    world.limits.retry_after = body.get("retry_after", world.limits.retry_after)
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
    checked(body, APP, "client_id", "name")
    app = App(**{**body, "roles": tuple(body.get("roles") or ())})
    world.identity.apps[app.client_id] = app
    return get_apps(world, {})


def expire_tokens(world: World, _body: Body) -> Body:
    """Every token issued so far is expired."""
    world.identity.revoked_before = machine_seconds()
    return {"expired": True}


def set_settings(world: World, body: Body) -> Body:
    """`masking`: whether evolvable enum members are hidden without the Prefer header."""
    checked(body, SETTINGS, "masking")
    world.masking = body["masking"]
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
    ("GET", "tables", list_tables),
    ("POST", "tables/{name}", put_table),
    ("DELETE", "tables/{name}", drop_table),
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

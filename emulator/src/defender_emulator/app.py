"""The web application: sign-in, the APIs, control; faults and quotas before each API call."""

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route as Path

from defender_emulator import graph
from defender_emulator.answers import JsonAnswer, Refused, defender_error, graph_error
from defender_emulator.broken import break_answer
from defender_emulator.clock import machine_now
from defender_emulator.control import CONTROLS
from defender_emulator.faults import Fault
from defender_emulator.identity import LIFETIME, Caller, Refusal, TokenInvalid, jwks
from defender_emulator.routes import ROUTES, Route
from defender_emulator.wanted import BadControl
from defender_emulator.world import World

SIGN_IN = (
    ("POST", "/{tenant}/oauth2/v2.0/token", "client credentials: secret, certificate, federated"),
    ("POST", "/{tenant}/oauth2/token", "the same, version 1"),
    ("GET", "/{tenant}/v2.0/.well-known/openid-configuration", "OpenID discovery"),
    ("GET", "/{tenant}/.well-known/openid-configuration", "OpenID discovery, version 1"),
    ("GET", "/{tenant}/discovery/v2.0/keys", "the keys that tokens are signed with"),
    ("GET", "/common/discovery/instance", "instance discovery"),
)

Endpoint = Callable[[Request], Awaitable[Response]]


def make_app(world: World, base: str) -> Starlette:
    """The application over one world; `base` is its own address."""
    paths = [
        Path("/common/discovery/instance", _instance(base), methods=["GET"]),
        *_sign_in(world, base),
        *(Path(f"/_emulator/{p}", _control(world, run), methods=[m]) for m, p, run in CONTROLS),
        *(Path(r.path, _api(world, r, base), methods=[r.method]) for r in ROUTES),
        Path("/{path:path}", _unknown(world), methods=["GET", "POST", "PATCH", "PUT", "DELETE"]),
    ]
    app = Starlette(routes=paths)
    app.add_middleware(GZipMiddleware, minimum_size=20_000, compresslevel=1)
    return app


def _api(world: World, route: Route, base: str) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        _dress(world, request, base)
        entry, cleared = _entry(request, route.name), world.journal.cleared
        try:
            response = await _answer(world, route, request, entry)
        except Refused as refused:
            response = (
                graph_error(request, refused) if route.api == "graph" else defender_error(refused)
            )
        entry["status"] = response.status_code
        world.journal.note(entry, cleared)
        response.headers["request-id"] = request.state.request_id
        response.headers["client-request-id"] = request.state.client_request_id
        return response

    return endpoint


async def _answer(world: World, route: Route, request: Request, entry: dict[str, Any]) -> Response:
    raw = await request.body()
    heaviest = (
        graph.heaviest(world.tenant, request) if route.name.startswith("graph.incidents.") else 0
    )
    fault = world.faults.strike(route.name, heaviest)
    if fault is not None and fault.kind == "slow":
        await asyncio.sleep(fault.seconds)
        fault = None
    if fault is not None and fault.kind not in {"cut", "truncated"}:
        return _struck(fault)
    caller = _caller(world, route, request)
    entry["app"] = caller.app
    _count(world, route)
    answer = await run_in_threadpool(_handle, world, route, request, raw, caller, entry)
    response = JsonAnswer(answer)
    return break_answer(response, fault.kind) if fault is not None else response


def _struck(fault: Fault) -> Response:
    if fault.kind == "html":
        page = "<html><head><title>Sign in</title></head><body>A proxy's page</body></html>"
        return HTMLResponse(page, 200 if fault.status == 500 else fault.status)
    if fault.kind == "expired_token":
        raise Refused(
            401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired."
        )
    if fault.kind == "unknown_error":
        raise Refused(504, "UnknownError", "")
    if fault.kind == "throttle":
        raise Refused(
            429, "TooManyRequests", "Please retry again later.", retry_after=fault.retry_after
        )
    if fault.body is not None:
        return JsonAnswer(fault.body, fault.status, headers=fault.headers)
    words = {500: "InternalServerError", 502: "BadGateway", 503: "ServiceUnavailable"}
    raise Refused(
        fault.status, words.get(fault.status, "Fault"), "A fault of the emulator's.",
        retry_after=fault.retry_after,
    )  # fmt: skip


def _caller(world: World, route: Route, request: Request) -> Caller:
    code = "InvalidAuthenticationToken" if route.api == "graph" else "Unauthorized"
    try:
        caller = world.identity.caller(request.headers.get("authorization", ""))
    except TokenInvalid as error:
        raise Refused(401, code, str(error)) from None
    if route.api not in caller.apis:
        raise Refused(401, code, "Access token validation failure. Invalid audience.")
    if not caller.roles & set(route.roles):
        held = ",".join(sorted(caller.roles))
        raise Refused(
            403, "Forbidden",
            f"Missing application roles. API required roles: {','.join(route.roles)}, application"
            f" roles: {held}.",
        )  # fmt: skip
    return caller


def _count(world: World, route: Route) -> None:
    refused = world.limits.take(route.quota, world.quota_seconds())
    if refused is None:
        return
    wait, quota = refused
    after = max(1.0, wait) if world.limits.retry_after else None
    if route.api == "graph":
        raise Refused(429, "TooManyRequests", "Please retry again later.", retry_after=after)
    text = f"API calls quota exceeded! maximum allowed {quota.limit} per {quota.span}"
    raise Refused(429, "429", text, retry_after=after)


def _handle(
    world: World, route: Route, request: Request, raw: bytes, caller: Caller, entry: dict[str, Any]
) -> Any:
    if route.handle is not None and route.method == "GET":
        return route.handle(world.tenant, request)
    body = _json(raw)
    if route.handle is not None:
        if not isinstance(body, dict) and not route.name.endswith(".comment"):
            raise Refused(400, "BadRequest", "The request body must be a JSON object.")
        return route.handle(world.tenant, request, body, caller.name)
    if not isinstance(body, dict):
        raise Refused(400, "BadRequest", "The request body must be a JSON object.")
    entry["query"] = str(body.get("Query", body.get("query", "")))[:10_000]
    return world.hunting.graph(body) if route.api == "graph" else world.hunting.defender(body)


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise Refused(400, "BadRequest", "Unable to read JSON request payload.") from None


def _dress(world: World, request: Request, base: str) -> None:
    state = request.state
    state.base = base
    state.request_id = str(uuid.uuid4())
    state.client_request_id = request.headers.get("client-request-id", state.request_id)[:100]
    preferred = request.headers.get("prefer", "")
    state.unmasked = not world.masking or "include-unknown-enum-members" in preferred


def _entry(request: Request, name: str) -> dict[str, Any]:
    return {
        "time": machine_now().isoformat(),
        "route": name,
        "method": request.method,
        "path": request.url.path,
        "params": dict(request.query_params),
        "client-request-id": request.headers.get("client-request-id", ""),
        "user-agent": request.headers.get("user-agent", ""),
        "prefer": request.headers.get("prefer", ""),
    }


def _sign_in(world: World, base: str) -> list[Path]:
    async def token(request: Request) -> Response:
        entry = _entry(request, "identity.token")
        version = "2.0" if "/v2.0/" in request.url.path else "1.0"
        fault = world.faults.strike("identity.token", 0)
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        try:
            if fault is not None:
                response = _struck(fault)
            else:
                response = JsonAnswer(_token(world, request, form, base, version))
        except Refusal as refusal:
            response = JsonAnswer(refusal.body(), refusal.status)
        except Refused as refused:
            _dress(world, request, base)
            response = graph_error(request, refused)
        entry["status"] = response.status_code
        entry["app"] = form.get("client_id", "")
        world.journal.note(entry)
        return response

    async def discovery(request: Request) -> Response:
        tenant = request.path_params["tenant"]
        world.journal.note({**_entry(request, "identity.discovery"), "status": 200})
        try:
            world.identity.check_tenant(tenant)
        except Refusal as refusal:
            return JsonAnswer({**refusal.body(), "error": "invalid_tenant"}, 400)
        return JsonAnswer(_discovery(f"{base}/{tenant}", world.identity.tenant_id, base))

    async def keys(_request: Request) -> Response:
        return JsonAnswer(jwks())

    endpoints = (token, token, discovery, discovery, keys)
    return [
        Path(path, endpoint, methods=[method])
        for (method, path, _), endpoint in zip(SIGN_IN, endpoints, strict=False)
    ]


def _token(world: World, request: Request, form: dict[str, str], base: str, version: str) -> Any:
    tenant, basic = request.path_params["tenant"], request.headers.get("authorization", "")
    app, resource = world.identity.token(tenant, form, basic, base)
    token = world.identity.issue(app, resource, base, version)
    lives: dict[str, Any] = {"expires_in": LIFETIME, "ext_expires_in": LIFETIME}
    if version == "1.0":
        now = int(machine_now().timestamp())
        lives = {name: str(value) for name, value in lives.items()} | {
            "expires_on": str(now + LIFETIME), "not_before": str(now), "resource": resource,
        }  # fmt: skip
    return {"token_type": "Bearer", **lives, "access_token": token}


def _discovery(authority: str, tenant_id: str, base: str) -> dict[str, Any]:
    return {
        "issuer": f"{base}/{tenant_id}/v2.0",
        "authorization_endpoint": f"{authority}/oauth2/v2.0/authorize",
        "token_endpoint": f"{authority}/oauth2/v2.0/token",
        "device_authorization_endpoint": f"{authority}/oauth2/v2.0/devicecode",
        "jwks_uri": f"{authority}/discovery/v2.0/keys",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic",
                                                   "private_key_jwt"],
        "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "tenant_region_scope": None,
    }  # fmt: skip


def _instance(base: str) -> Endpoint:
    async def instance(_request: Request) -> Response:
        return JsonAnswer({"tenant_discovery_endpoint": f"{base}/common/v2.0", "metadata": []})

    return instance


def _control(world: World, run: Callable[[World, dict[str, Any]], dict[str, Any]]) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        raw = await request.body()
        try:
            body = json.loads(raw) if raw else dict(request.query_params)
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            return JsonAnswer({"error": "The body must be a JSON object."}, 400)
        try:
            told = {**body, **request.path_params}  # what the path names wins
            return JsonAnswer(await run_in_threadpool(run, world, told))
        except BadControl as error:
            return JsonAnswer({"error": str(error)}, 400)

    return endpoint


def _unknown(world: World) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        world.journal.note({**_entry(request, "unknown"), "status": 501})
        message = f"The emulator has no {request.method} {request.url.path}; see COVERAGE.md."
        return JsonAnswer({"error": {"code": "NotImplemented", "message": message}}, 501)

    return endpoint

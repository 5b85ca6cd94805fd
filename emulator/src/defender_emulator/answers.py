"""Answers in the shapes of Graph and of the Defender API."""

import json
import uuid
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from defender_emulator.clock import machine_now


class JsonAnswer(JSONResponse):
    """JSON as the APIs write it; a lone surrogate, which UTF-8 has no bytes for, stays an escape."""

    def render(self, content: Any) -> bytes:
        """The bytes of an answer."""
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode("utf-8", "backslashreplace")


class Refused(Exception):
    """An API error: status, code and message; the API's side gives it its shape."""

    def __init__(
        self, status: int, code: str, message: str, *, retry_after: float | None = None,
        details: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after = retry_after
        self.details = details


def graph_error(request: Request, refused: Refused) -> Response:
    """An error of Graph's."""
    error: dict[str, Any] = {"code": refused.code, "message": refused.message}
    inner = {
        "date": machine_now().strftime("%Y-%m-%dT%H:%M:%S"),
        "request-id": request.state.request_id,
        "client-request-id": request.state.client_request_id,
    }
    if refused.status == 429:
        inner |= {"code": "429", "message": "Please retry after", "status": "429"}
    if refused.details:
        error["details"] = []
    error["innerError"] = inner
    return JsonAnswer({"error": error}, refused.status, headers=_headers(refused))


def defender_error(refused: Refused) -> Response:
    """An error of the Defender API's."""
    error = {"code": refused.code, "message": refused.message, "target": str(uuid.uuid4())}
    return JsonAnswer({"error": error}, refused.status, headers=_headers(refused))


def _headers(refused: Refused) -> dict[str, str]:
    return {} if refused.retry_after is None else {"Retry-After": f"{refused.retry_after:.0f}"}

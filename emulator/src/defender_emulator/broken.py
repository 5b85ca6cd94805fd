"""Answers that break: JSON cut in the middle, and a connection cut before the end."""

from starlette.responses import Response
from starlette.types import Receive, Scope, Send


class CutConnection(Exception):
    """Ends the connection without the rest of the answer."""


class CutAnswer(Response):
    """Sends the headers of the whole answer, and half of its body."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send half, then end the connection."""
        headers = [(b"content-type", b"application/json")]
        headers.append((b"content-length", str(len(self.body)).encode()))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        half = bytes(self.body[: len(self.body) // 2])
        await send({"type": "http.response.body", "body": half, "more_body": True})
        raise CutConnection


def break_answer(response: Response, kind: str) -> Response:
    """The answer, cut (the connection ends) or truncated (a whole answer of half the JSON)."""
    body = bytes(response.body)
    if kind == "cut":
        return CutAnswer(body, media_type="application/json")
    return Response(body[: len(body) // 2], media_type="application/json")

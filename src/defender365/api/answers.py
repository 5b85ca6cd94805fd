"""What an HTTP answer means: the error families of `core/errors.py`, from status and body.

Graph says `{"error": {"code", "message", "innerError"}}` where the code may be empty, the
Defender API `{"error": {"code", "message", "target"}}`, Entra `{"error", "error_description"}`.
"""

import re
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from defender365.core.errors import (
    Defender365Error,
    NotFound,
    NotSignedIn,
    PermissionMissing,
    Refused,
    ServiceFailed,
    Throttled,
    TimedOut,
)


def failure(status: int, body: Any, retry_after: str, now: datetime, what: str) -> Defender365Error:
    """The error behind a status of 400 or more; `what` names the call for a person."""
    code, message = service_words(body)
    if status == 429:
        wait = wait_seconds(retry_after, now)
        return Throttled(_throttle_words(what, wait, message), retry_after=wait)
    if status >= 500:
        return _server_failure(status, code, message, what)
    return _refusal(status, code, message, what)


def _throttle_words(what: str, wait: float | None, message: str) -> str:
    how_long = "a minute" if wait is None else f"{wait:.0f} seconds"
    said = f" It said: {message}" if message else ""
    return f"{what}: a rate limit was reached (HTTP 429). Wait {how_long} and try again.{said}"


def _refusal(status: int, code: str, message: str, what: str) -> Defender365Error:
    if status == 401:
        return NotSignedIn(
            f"{what}: the access token was refused ({message or 'no reason given'})."
        )
    if status == 403:
        return PermissionMissing(f"{what}: {permission_words(message)}")
    if status == 404:
        return NotFound(message or f"{what}: not found.")
    return Refused(message or f"{what} was refused (HTTP {status}).", status=status, code=code)


def _server_failure(status: int, code: str, message: str, what: str) -> Defender365Error:
    if status == 504 and code in {"UnknownError", ""}:
        return TimedOut(f"{what}: Microsoft 365 Defender gave up after its time limit (HTTP 504).")
    said = f" It said: {message}" if message else ""
    return ServiceFailed(
        f"{what}: Microsoft's service failed (HTTP {status}).{said}", status=status
    )


def service_words(body: Any) -> tuple[str, str]:
    """The service's own code and message; empty where the body has none."""
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, dict):
        return str(error.get("code") or ""), str(error.get("message") or "")
    if isinstance(error, str):
        description = str(body.get("error_description") or "")
        return error, description.split("\r\n", maxsplit=1)[0].split("\n", maxsplit=1)[0]
    return "", ""


def permission_words(message: str) -> str:
    """Which permission to grant, from Graph's text about missing roles."""
    match = re.search(
        r"API required roles: (?P<needed>[\w., ]+), application roles: (?P<held>.*)$",
        message,
    )
    if match is None:
        return f"permission is missing ({message or 'no reason given'})."
    needed = [role.strip() for role in match["needed"].split(",") if role.strip()]
    held = [r.strip() for r in match["held"].rstrip(".").split(",") if r.strip()]
    return (
        f"the app lacks a permission. Grant it one of {', '.join(needed)} as an application"
        f" permission and give admin consent; it has {', '.join(held) or 'none'}."
    )


def wait_seconds(header: str, now: datetime) -> float | None:
    """`Retry-After` in seconds, from a number or an HTTP date; None when absent or unreadable."""
    text = header.strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]+)?", text):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
        return max(0.0, (moment - now).total_seconds())
    except (ValueError, TypeError):
        return None

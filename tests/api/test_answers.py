import pytest

from defender365.api.answers import failure, permission_words, service_words, wait_seconds
from defender365.core.errors import (
    NotFound,
    NotSignedIn,
    PermissionMissing,
    Refused,
    ServiceFailed,
    Throttled,
    TimedOut,
)
from tests.fakes import START


def error(status, code="", message="", retry_after=""):
    body = {"error": {"code": code, "message": message}}
    return failure(status, body, retry_after, START, "Reading")


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [(400, "BadRequest", Refused), (401, "InvalidAuthenticationToken", NotSignedIn),
     (403, "Forbidden", PermissionMissing), (404, "ResourceNotFound", NotFound),
     (409, "", Refused), (429, "TooManyRequests", Throttled), (500, "", ServiceFailed),
     (503, "", ServiceFailed), (504, "UnknownError", TimedOut), (504, "Other", ServiceFailed)],
)  # fmt: skip
def test_a_status_gives_its_family(status, code, kind):
    assert type(error(status, code)) is kind


def test_a_refusal_keeps_the_services_own_words():
    found = error(400, "BadRequest", "Fix syntax errors in your query.")
    assert str(found) == "Fix syntax errors in your query."


@pytest.mark.parametrize("body", [None, [], "x", {"error": None}, {"error": []}, {}])
def test_a_body_that_is_no_error_body_still_gives_a_sentence(body):
    assert str(failure(400, body, "", START, "Reading")) == "Reading was refused (HTTP 400)."
    assert "HTTP 502" in str(failure(502, body, "", START, "Reading"))


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("10", 10), (" 7.5 ", 7.5), ("", None), ("soon", None), ("-1", None),
     ("Tue, 24 Nov 2026 12:01:30 GMT", 90), ("Tue, 24 Nov 2026 11:00:00 GMT", 0),
     ("Tue, 24 Nov 2026 12:01:30", None)],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date_or_nothing(header, seconds):
    assert wait_seconds(header, START) == seconds
    assert error(429, retry_after=header).retry_after == seconds


def test_missing_roles_become_a_permission_to_grant():
    words = permission_words(
        "Missing application roles. API required roles: SecurityIncident.Read.All,"
        "SecurityIncident.ReadWrite.All, application roles: Policy.Read.All,User.Read.All."
    )
    assert "one of SecurityIncident.Read.All, SecurityIncident.ReadWrite.All" in words
    assert "it has Policy.Read.All, User.Read.All." in words
    assert "it has none" in permission_words(
        "Missing application roles. API required roles: ThreatHunting.Read.All, application roles: ."
    )
    assert "not provisioned" in permission_words("Account is not provisioned.")


def test_entras_error_is_read_without_its_trace():
    body = {"error": "invalid_client", "error_description": "AADSTS7000215: No.\r\nTrace ID: x"}
    assert service_words(body) == ("invalid_client", "AADSTS7000215: No.")

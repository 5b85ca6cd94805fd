"""The one seam to the network: sessions, TLS, proxy, timeouts and safe retries.

The only module that knows the HTTP library. Environment variables decide nothing here
(`trust_env` is off): a `REQUESTS_CA_BUNDLE` on the machine would otherwise override Verify SSL.
"""

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, InsecureRequestWarning, ReadTimeoutError

from defender365.api.answers import failure
from defender365.core.clock import Clock, Deadline
from defender365.core.errors import (
    BadInput,
    Defender365Error,
    NotFound,
    NotJson,
    NotTrusted,
    OutOfTime,
    ServiceFailed,
    TimedOut,
    Unreachable,
)

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0
CHUNK = 64 * 1024

log = logging.getLogger(__name__)

_TRANSIENT = (Unreachable, ServiceFailed, NotJson, TimedOut)


@dataclass(frozen=True)
class Request:
    """One call: `route` is its name in counts and logs, `what` its name for a person."""

    method: str
    url: str
    route: str
    what: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    form: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    attempts: int = 3
    """How often it may be sent when the service fails; 1 where a repeat is not safe."""
    read_seconds: float = READ_SECONDS


@dataclass(frozen=True)
class Wire:
    """How requests leave the machine."""

    verify: bool | str = True
    """True for the public CAs, a path for a bundle of one's own, False for no verification."""
    proxy: str = ""
    bypass: Callable[[str], bool] = lambda _host: False
    """Whether a host is reached without the proxy."""


class Transport:
    """Sends requests over kept-alive connections and turns what goes wrong into our errors."""

    def __init__(
        self, wire: Wire, clock: Clock, deadline: Deadline, new_id: Callable[[], str]
    ) -> None:
        self._wire = wire
        self._clock = clock
        self.deadline = deadline
        self._new_id = new_id
        self.counts: Counter[str] = Counter()
        """Requests sent so far, by route."""
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = wire.verify
        self.session.headers["User-Agent"] = "defender365"
        self._adapter = HTTPAdapter(max_retries=0)
        self.session.mount("https://", self._adapter)

    def close(self) -> None:
        """Close the connections, now: the library would wait until nothing refers to them."""
        pools = self._adapter.poolmanager.pools
        for key in pools.keys():  # noqa: SIM118  no mapping: it only iterates by keys()
            pool = pools.get(key)
            if pool is not None:
                pool.close()
        self.session.close()

    def json(self, request: Request) -> Any:
        """The answer's JSON. Raises the error family that fits, after safe retries."""
        return self._with_retries(request, self._json_once)

    def token(self, request: Request) -> dict[str, Any]:
        """The JSON of a token endpoint: a token, or an error body with its status of 400 or 401."""
        body = self._with_retries(request, self._token_once)
        if not isinstance(body, dict):
            raise NotJson(f"{request.what}: the answer is not a JSON object.")
        return body

    def stream(self, request: Request) -> Iterator[bytes]:
        """The answer's body in chunks; the status was checked before the first."""
        response = self._with_retries(request, self._open)
        return self._chunks(request, response)

    def _with_retries(self, request: Request, send: Callable[[Request], Any]) -> Any:
        for attempt in range(1, request.attempts + 1):
            try:
                return send(request)
            except _TRANSIENT as error:
                wait = 0.5 * 2 ** (attempt - 1)
                if attempt == request.attempts or wait >= self.deadline.left():
                    raise
                log.info(
                    "%s failed (%s); again in %.1f s", request.what, type(error).__name__, wait
                )
                self._clock.sleep(wait)
        raise AssertionError("a request has at least one attempt")

    def _json_once(self, request: Request) -> Any:
        with self._open(request) as response:
            body = b"".join(self._chunks(request, response))
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            raise NotJson(not_json_words(request, response)) from None

    def _token_once(self, request: Request) -> Any:
        response = self._send(request)
        if response.status_code >= 500 or response.status_code == 429:
            with response:
                raise self._failure(request, response)
        with response:
            body = b"".join(self._chunks(request, response))
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            raise NotJson(not_json_words(request, response)) from None

    def _open(self, request: Request) -> requests.Response:
        response = self._send(request)
        if response.status_code < 300:
            return response
        with response:
            raise self._failure(request, response)

    def _send(self, request: Request) -> requests.Response:
        self.deadline.check(request.what)
        self.counts[request.route] += 1
        began = self._clock.steady()
        left = max(0.1, self.deadline.left())
        host = urlsplit(request.url).hostname or ""
        proxy = "" if self._wire.bypass(host) else self._wire.proxy
        try:
            response = self.session.request(
                request.method,
                request.url,
                params=_query(request.params),
                json=request.body,
                data=request.form,
                headers={"client-request-id": self._new_id(), **request.headers},
                timeout=(min(CONNECT_SECONDS, left), min(request.read_seconds, left)),
                proxies={"https": proxy} if proxy else {},
                stream=True,
                allow_redirects=False,
            )
        except (OSError, ValueError) as error:
            log.debug("%s at %s: no answer (%s)", request.route, host, type(error).__name__)
            raise network_error(error, request, proxy) from None
        took = self._clock.steady() - began
        log.debug("%s at %s: %d in %.2f s", request.route, host, response.status_code, took)
        return response

    def _chunks(self, request: Request, response: requests.Response) -> Iterator[bytes]:
        # read1 gives what has arrived: an answer that drips cannot outlast our deadline.
        try:
            with response:
                while chunk := response.raw.read1(CHUNK, decode_content=True):
                    self.deadline.check(request.what)
                    yield chunk
        except ReadTimeoutError:
            raise TimedOut(f"{request.what}: the answer stopped arriving.") from None
        except (HTTPError, OSError):
            raise NotJson(f"{request.what}: the answer breaks off.") from None

    def _failure(self, request: Request, response: requests.Response) -> Defender365Error:
        if response.status_code < 400:
            return NotJson(not_json_words(request, response))
        try:
            body = json.loads(b"".join(self._chunks(request, response)))
        except (ValueError, RecursionError, NotJson, TimedOut, OutOfTime):
            body = None  # what its status says must not be lost, above all that of a 429
        if response.status_code == 404 and not isinstance(body, dict):
            return NotFound(f"{request.what}: {not_json_words(request, response)}")
        after = response.headers.get("Retry-After", "")
        return failure(response.status_code, body, after, self._clock.now(), request.what)


def network_error(error: Exception, request: Request, proxy: str) -> Defender365Error:
    """Our error for a request that got no answer; its text never holds the library's own."""
    host = urlsplit(request.url).netloc
    for kind, ours, words in _NETWORK_ERRORS:
        if isinstance(error, kind):
            via = " through the proxy" if proxy else ""
            return ours(f"{request.what}: {words.format(host=host, via=via)}")
    if isinstance(error, OSError) and not isinstance(error, requests.RequestException):
        return NotTrusted(f'{request.what}: the file in "CA Bundle" holds no usable certificate.')
    return BadInput(f"{request.what}: no request could be made to {host}. Check the roots.")


_NETWORK_ERRORS: tuple[tuple[type[Exception], type[Defender365Error], str], ...] = (
    (
        requests.exceptions.ProxyError,
        Unreachable,
        'the proxy did not let us through to {host}. Check "Proxy Server Address", "Proxy'
        ' Username" and "Proxy Password".',
    ),
    (
        requests.exceptions.SSLError,
        NotTrusted,
        "the certificate of {host} could not be verified. If it is signed by a CA of your own,"
        ' name its file in "CA Bundle"; "Verify SSL" off accepts anything.',
    ),
    (requests.Timeout, TimedOut, "{host} did not answer in time."),
    (
        requests.ConnectionError,
        Unreachable,
        "{host} could not be reached{via}. Check the address and the network.",
    ),
)
"""The library's errors, ours, and the words; the first that fits counts."""


def not_json_words(request: Request, response: requests.Response) -> str:
    """Says that the answer is no JSON, what it is, and what that usually means."""
    kind = response.headers.get("Content-Type", "no content type").split(";")[0][:60]
    host = urlsplit(request.url).netloc
    return (
        f"{request.what}: {host} answered with {kind} (HTTP {response.status_code}) that is not"
        " the JSON of Microsoft's API. Check the API roots, and whether a proxy answers instead."
    )


def silence_insecure_warning() -> None:
    """With Verify SSL off, the user has decided; the library need not warn at each request."""
    import warnings  # noqa: PLC0415  only where verification is off

    warnings.simplefilter("ignore", InsecureRequestWarning)


def _query(params: Mapping[str, str]) -> str:
    # Graph wants %20, not +, and the $ of its options as it is.
    return "&".join(f"{quote(k, safe='$')}={quote(v, safe='')}" for k, v in params.items())

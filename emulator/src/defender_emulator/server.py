"""Runs the emulator: in a thread for tests, or as a process; HTTPS with a certificate of its own."""

import asyncio
import contextlib
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import TracebackType

import trustme
import uvicorn

from defender_emulator.app import make_app
from defender_emulator.scenario import Scenario
from defender_emulator.world import World

NAMES = ("localhost", "127.0.0.1", "::1")


class PortTaken(Exception):
    """The port cannot be had."""


class NotWritable(Exception):
    """The CA certificate cannot be put where it was wanted."""


@cache
def authority() -> tuple[trustme.CA, trustme.LeafCert]:
    """The CA and the certificate, made once a process."""
    ca = trustme.CA()
    return ca, ca.issue_cert(*NAMES)


class _Server(uvicorn.Server):
    """Says when it serves: signals are handled from then on."""

    when_ready: Callable[[], None] = staticmethod(lambda: None)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.when_ready()


class Emulator:
    """One emulator on a port of this machine; a context manager that serves in a thread.

    `world` is there for a test to change directly what the control API changes over the wire.
    """

    def __init__(
        self, scenario: Scenario, *, factor: float = 1.0, seed: int = 0, port: int = 0,
        host: str = "127.0.0.1", ca_dir: Path | None = None,
    ) -> None:  # fmt: skip
        self._socket = _listen(host, port)
        self.world = World(scenario, factor=factor, seed=seed)
        self._folder = None if ca_dir else tempfile.TemporaryDirectory(prefix="defender-emulator-")
        folder = Path(self._folder.name) if self._folder else Path(str(ca_dir))
        number = self._socket.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        self.url = f"https://{shown}:{number}"
        ca, certificate = authority()
        self.ca_bundle = str(folder / f"emulator-ca-{number}.pem")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            ca.cert_pem.write_to_path(self.ca_bundle)
        except OSError as error:
            self._socket.close()
            self.world.close()
            raise NotWritable(f"{folder} cannot be written: {error.strerror}.") from None
        config = uvicorn.Config(
            make_app(self.world, self.url), log_level="critical", lifespan="off",
            access_log=False, timeout_graceful_shutdown=1,
        )  # fmt: skip
        config.load()
        config.ssl = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(config.ssl)
        self.server = _Server(config)
        self._thread: threading.Thread | None = None

    @property
    def ready(self) -> dict[str, str]:
        """What a client needs to know."""
        return {"url": self.url, "ca_bundle": self.ca_bundle, **self.world.credentials}

    def serve(self, when_ready: Callable[[], None] = lambda: None) -> None:
        """Serve until told to stop; say so when it does."""
        self.server.when_ready = when_ready
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        await self.server.serve(sockets=[self._socket])
        await asyncio.sleep(0.05)  # closing connections are given their last turns of the loop

    def stop(self) -> None:
        """Tell it to stop."""
        self.server.should_exit = True

    def close(self) -> None:
        """End what runs beside, and remove the files."""
        self.world.close()
        self._socket.close()
        if self._folder is not None:
            self._folder.cleanup()
        else:
            with contextlib.suppress(OSError):
                Path(self.ca_bundle).unlink()

    def __enter__(self) -> "Emulator":
        self._thread = threading.Thread(target=self.serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.stop()
        if self._thread is not None:
            self._thread.join(timeout=10)
        self.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio switches Nagle's delay off: 44 ms an answer otherwise.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        why = getattr(error, "strerror", None) or "a port is a number from 0 to 65535"
        raise PortTaken(f"Port {port} on {host} cannot be had: {why}.") from None
    listener.listen(128)
    return listener

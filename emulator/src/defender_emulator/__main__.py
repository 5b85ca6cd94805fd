"""`defender-emulator`, or `python -m defender_emulator`: serve, which is the default, or load rows.

Serving prints one JSON line when it is ready.
"""

import argparse
import json
import signal
import sys
from datetime import datetime
from pathlib import Path

from defender_emulator.clock import machine_now
from defender_emulator.control import speed
from defender_emulator.scenarios import build
from defender_emulator.server import Emulator, NotWritable, PortTaken
from defender_emulator.ticks import moment_of
from defender_emulator.wanted import BadControl


def arguments(given: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="defender365 emulator",
        description="Entra ID, Microsoft Graph security and the Defender API on one HTTPS port.",
        epilog="To load rows into a running one: defender-emulator load --help",
    )
    parser.add_argument("--port", type=int, default=0, help="0 (the default) takes a free one")
    parser.add_argument("--host", default="127.0.0.1", help="default: 127.0.0.1, this machine only")
    parser.add_argument("--scenario", default="attack", help="attack, noisy, awkward or recorded")
    parser.add_argument("--seed", type=int, default=0, help="another seed is another story")
    parser.add_argument(
        "--option", action="append", default=[], metavar="K=V", help="an option of the scenario"
    )
    parser.add_argument("--start", help="when its clock starts, ISO 8601 (default: now)")
    parser.add_argument("--speed", default="real", help="real, stepped, or a factor such as 3600")
    parser.add_argument("--ca-dir", type=Path, help="where the CA certificate is written")
    return parser.parse_args(given)


def main(given: list[str] | None = None) -> int:
    """Do what the first word says."""
    command, *rest = (sys.argv[1:] if given is None else given) or ["serve"]
    if command == "load":
        from defender_emulator import load  # noqa: PLC0415  serving starts without the engine

        return load.main(rest)
    return serve(rest if command == "serve" else [command, *rest])


def serve(given: list[str]) -> int:
    """Serve until SIGTERM or SIGINT."""
    told = arguments(given)
    try:
        emulator = make(told)
    except (PortTaken, NotWritable, BadControl, ValueError) as error:
        sys.stderr.write(f"defender-emulator: {error}\n")
        return 1
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        emulator.serve(lambda: _say(json.dumps(emulator.ready)))
    except KeyboardInterrupt:
        pass
    finally:
        emulator.close()
    return 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def make(told: argparse.Namespace) -> Emulator:
    """The emulator that was asked for. Raises ValueError, `BadControl`, `NotWritable` or `PortTaken`."""
    options = dict(item.partition("=")[::2] for item in told.option)
    start = _start(told.start)
    scenario = build(told.scenario, seed=told.seed, start=start, **options)
    factor = speed(told.speed)
    return Emulator(
        scenario, factor=factor, seed=told.seed, port=told.port, host=told.host, ca_dir=told.ca_dir
    )


def _start(text: str | None) -> datetime:
    if text is None:
        return machine_now()
    moment = moment_of(text)
    if moment is None:
        raise ValueError(f"--start {text!r} is no ISO 8601 time")
    return moment


if __name__ == "__main__":
    sys.exit(main())

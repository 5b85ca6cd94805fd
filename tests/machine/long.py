"""A long search: `python -m tests.machine.long --examples 2000 --seed 1`."""

import argparse
import logging
import sys
from multiprocessing import Process

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from defender_emulator.server import Emulator
from tests.lab import Lab
from tests.machine.search import machine_for
from tests.stories import story


def search(
    examples: int, number: int, steps: int, banned: frozenset[str], phases: tuple[Phase, ...]
) -> None:
    """One search; raises what it finds, as small as it could make it unless told not to."""
    logging.disable(logging.CRITICAL)
    told = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, database=None,
        suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
        verbosity=Verbosity.normal, phases=phases,
    )  # fmt: skip
    with Emulator(story([]), factor=0.0) as emulator:
        machine = machine_for(Lab(emulator), banned)
        run_state_machine_as_test(seed(number)(machine), settings=told)


def main() -> int:
    """Search in as many processes as told, each with its own seed; 1 when one found something."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--without", default="", help="rules and doings to leave out, by comma")
    parser.add_argument(
        "--as-found", action="store_true", help="do not make it small: hours can pass"
    )
    told = parser.parse_args()
    phases = (Phase.generate,) if told.as_found else (Phase.generate, Phase.shrink)
    banned = frozenset(filter(None, told.without.split(",")))
    started = [
        Process(target=search, args=(told.examples, told.seed + n, told.steps, banned, phases))
        for n in range(told.processes)
    ]
    for process in started:
        process.start()
    for process in started:
        process.join()
    return int(any(process.exitcode for process in started))


if __name__ == "__main__":
    sys.exit(main())

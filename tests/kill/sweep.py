"""Kills the program thousands of times, from a seed: `python -m tests.kill.sweep --kills 3000`.

Prints one line. Exit code 1 when anything was lost, had a second id or broke another promise.
"""

import argparse
import multiprocessing
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from defender_emulator.clock import machine_seconds
from defender_emulator.server import Emulator
from tests.kill.runs import Nursery
from tests.kill.sequences import Outcome, sequence
from tests.stories import story

KILLS_EACH = 8
IN_MEMORY = Path("/dev/shm")
"""A killed process loses nothing that a disk would have kept, so no disk is needed."""


def _sequences(seeds: list[int]) -> list[Outcome]:
    """These sequences, one after the other, beside an emulator of their own."""
    with Emulator(story([]), factor=0.0) as emulator, Nursery() as nursery:
        return [_one(emulator, nursery, seed) for seed in seeds]


def _one(emulator: Emulator, nursery: Nursery, seed: int) -> Outcome:
    place = IN_MEMORY if IN_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="defender365-kill-", dir=place) as folder:
        return sequence(emulator, nursery, Path(folder), seed, kills=KILLS_EACH)


def sweep(kills: int, seed: int, jobs: int) -> Iterator[Outcome]:
    """Sequences with seeds from this one on, in so many processes, until there are enough kills."""
    batch, done = 5, 0
    batches = (
        list(range(first, first + batch)) for first in range(seed * 1_000_000, sys.maxsize, batch)
    )
    # A fork would copy the emulator's threads.
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        while done < kills:
            for outcomes in pool.imap_unordered(
                _sequences, [next(batches) for _ in range(2 * jobs)]
            ):
                done += sum(outcome.kills for outcome in outcomes)
                yield from outcomes


def report(outcomes: list[Outcome], seconds: float) -> str:
    """One line about all of them."""
    kills = sum(o.kills for o in outcomes)
    counted = [o for o in outcomes if o.seed % 2 == 0]
    extra = sum(o.extra_requests for o in counted) / max(1, sum(o.kills for o in counted))
    return (
        f"{kills} kills in {len(outcomes)} sequences, {sum(o.points for o in outcomes)} points,"
        f" {sum(o.lost for o in outcomes)} lost, {sum(o.second_ids for o in outcomes)} second ids,"
        f" {extra:.2f} extra requests and {sum(o.repeats for o in outcomes) / max(1, kills):.2f}"
        f" repeated alerts per kill, {sum(o.leftovers for o in outcomes)} temporary files left,"
        f" {sum(bool(o.findings) for o in outcomes)} sequences with findings, {seconds:.0f} seconds"
    )


def main() -> int:
    """The program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count())
    told = parser.parse_args()
    began, outcomes = machine_seconds(), []
    for outcome in sweep(told.kills, told.seed, told.jobs):
        outcomes.append(outcome)
        for finding in outcome.findings:
            sys.stderr.write(f"seed {outcome.seed}: {finding}\n")
    sys.stdout.write(report(outcomes, machine_seconds() - began) + "\n")
    return int(any(outcome.findings for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())

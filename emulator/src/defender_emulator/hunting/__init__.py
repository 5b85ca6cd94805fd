"""Advanced hunting: KQL over what the tenant has seen so far."""

from defender_emulator.hunting.engine import HuntingEngine, HuntingResult, Limits
from defender_emulator.hunting.refusals import (
    HuntingFailed,
    QueryPreempted,
    QueryRefused,
    QueryTimedOut,
    QueryTooBig,
)
from defender_emulator.hunting.store import Caps

__all__ = [
    "Caps",
    "HuntingEngine",
    "HuntingFailed",
    "HuntingResult",
    "Limits",
    "QueryPreempted",
    "QueryRefused",
    "QueryTimedOut",
    "QueryTooBig",
]

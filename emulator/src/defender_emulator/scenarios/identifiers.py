"""Seeded randomness, and identifiers that look like Microsoft's and never change for a seed."""

import hashlib
import random
from uuid import UUID, uuid5

_SPACE = UUID("d3fe4de4-0365-5e1a-9c77-0a1b2c3d4e5f")


def dice(*words: object) -> random.Random:
    """Randomness that is the same for the same words."""
    return random.Random("/".join(map(str, words)))  # noqa: S311 - for stories, not for secrets


def guid(*words: object) -> str:
    """A guid that is the same for the same words."""
    return str(uuid5(_SPACE, "/".join(map(str, words))))


def sha1(*words: object) -> str:
    """The SHA-1 of some words, standing in for a file's."""
    return hashlib.sha1(_text(words), usedforsecurity=False).hexdigest()


def sha256(*words: object) -> str:
    """The SHA-256 of some words, standing in for a file's."""
    return hashlib.sha256(_text(words)).hexdigest()


def md5(*words: object) -> str:
    """The MD5 of some words, standing in for a file's."""
    return hashlib.md5(_text(words), usedforsecurity=False).hexdigest()


def alert_id(prefix: str, *words: object) -> str:
    """An alert id as the service with that prefix gives it: `da` a long number, others a guid."""
    if prefix != "da":
        return prefix + guid("alert", *words)
    chance = dice("alert", *words)
    return f"da{chance.randrange(637 * 10**15, 639 * 10**15)}_{chance.randrange(-(2**31), 2**31)}"


def _text(words: tuple[object, ...]) -> bytes:
    return "/".join(map(str, words)).encode()

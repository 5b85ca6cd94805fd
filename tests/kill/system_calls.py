"""The system calls at which a process can be killed, by their numbers on 64-bit x86 Linux.

They are what a kill can come between: what is sent and received, and what changes a file.
"""

import os
import platform
import re
import sys
from pathlib import Path

READ, WRITE, OPEN, OPENAT = 0, 1, 2, 257
CLOCK_NANOSLEEP = 230

ON_A_DESCRIPTOR = {
    READ: "read", WRITE: "write", 18: "pwrite", 20: "writev", 42: "connect", 44: "send",
    45: "receive", 46: "sendmsg", 47: "recvmsg", 73: "lock", 74: "fsync", 75: "fdatasync",
    77: "truncate", 91: "chmod",
}  # fmt: skip
"""Calls whose first argument says which file or connection."""

ON_PATHS = {
    OPEN: ("open", 0), OPENAT: ("open", 1), 82: ("rename", 0, 1), 264: ("rename", 1, 3),
    316: ("rename", 1, 3), 83: ("mkdir", 0), 258: ("mkdir", 1), 84: ("rmdir", 0),
    86: ("link", 0, 1), 265: ("link", 1, 3), 87: ("unlink", 0), 263: ("unlink", 1),
}  # fmt: skip
"""Calls with paths, and which arguments they are."""

INTERESTING = (*ON_A_DESCRIPTOR, *ON_PATHS)
CHANGING = os.O_CREAT | os.O_WRONLY | os.O_RDWR | os.O_TRUNC
HERE = sys.platform == "linux" and platform.machine() == "x86_64"
"""Whether this machine's numbers are these."""

_RANDOM = re.compile(r"^(\..+)\.[a-z0-9_]{8}$")
_DIGEST = re.compile(r"-[0-9a-f]{16}")


def point_name(pid: int, number: int, arguments: tuple[int, ...]) -> str:
    """What a call is about to do, such as `write alerts.jsonl`; empty when it is of no interest."""
    if number in ON_A_DESCRIPTOR:
        target = _open_file(pid, arguments[0])
        if number == READ and target != "network":
            return ""
        return f"{ON_A_DESCRIPTOR[number]} {target}"
    word, *places = ON_PATHS[number]
    if number in {OPEN, OPENAT} and not arguments[int(places[0]) + 1] & CHANGING:
        return ""
    paths = [_short(_text_at(pid, arguments[int(place)])) for place in places]
    return " ".join([str(word), *paths])


def regular_size(pid: int, descriptor: int) -> int | None:
    """The size of the file that a process writes to; None when it is no file."""
    path = Path(f"/proc/{pid}/fd/{descriptor}")
    return path.stat().st_size if path.is_file() else None


def _open_file(pid: int, descriptor: int) -> str:
    target = str(Path(f"/proc/{pid}/fd/{descriptor}").readlink())
    if target.startswith("socket:"):
        return "network"
    if target.startswith("pipe:"):
        return {1: "stdout", 2: "stderr"}.get(descriptor, "pipe")
    return _short(target)


def _short(path: str) -> str:
    """The last part of a path; what is random in it is left out."""
    name = _DIGEST.sub("", Path(path).name)
    found = _RANDOM.match(name)
    return f"{found[1]}.*" if found else name


def _text_at(pid: int, address: int) -> str:
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        memory.seek(address)
        return memory.read(512).split(b"\0", 1)[0].decode("utf-8", "replace")

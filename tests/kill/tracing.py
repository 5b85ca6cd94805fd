"""Stops a process at its system calls, so that it can be killed there: ptrace, and a filter.

The filter (seccomp) makes only interesting calls stop, and lets a sleep pass at once. A process
that is killed at a stop has not made that call. Half a write is a limit on the file's size put
on the process at the stop: the kernel itself then writes so many bytes and no more.
"""

import ctypes
import os
import resource
import signal
import struct

from tests.kill.system_calls import (
    CLOCK_NANOSLEEP,
    INTERESTING,
    WRITE,
    point_name,
    regular_size,
)

TRACE_ME, CONTINUE, TO_NEXT_CALL = 0, 7, 24
SET_OPTIONS, GET_CALL = 0x4200, 0x420E
OPTIONS = 1 | 1 << 7 | 1 << 20
"""Tell calls from signals; stop where the filter says so; the child dies with its tracer."""

NO_NEW_PRIVILEGES, SET_SECCOMP, WITH_A_FILTER = 38, 22, 2
STOP, PASS, SKIP = 0x7FF00000, 0x7FFF0000, 0x00050000
AT_THE_FILTER = signal.SIGTRAP | 7 << 8
AT_A_CALL = signal.SIGTRAP | 0x80

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.restype = ctypes.c_long
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def let_be_traced() -> None:
    """In the child: stop, and from then on at each interesting call."""
    _libc.ptrace(TRACE_ME, 0, None, None)
    os.kill(os.getpid(), signal.SIGSTOP)
    code = _filter()
    program = _Program(len(code) // 8, code)
    _libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    if _libc.prctl(SET_SECCOMP, WITH_A_FILTER, ctypes.byref(program)):
        raise OSError(ctypes.get_errno(), "the kernel takes no filter")


def _filter() -> bytes:
    """Berkeley packet filter: load the call's number, compare, return what to do."""
    load, equal, answer = 0x20, 0x15, 0x06
    code = [struct.pack("HBBI", load, 0, 0, 0)]
    for number, verdict in [(CLOCK_NANOSLEEP, SKIP), *((n, STOP) for n in INTERESTING)]:
        code.append(struct.pack("HBBI", equal, 0, 1, number))
        code.append(struct.pack("HBBI", answer, 0, 0, verdict))
    return b"".join([*code, struct.pack("HBBI", answer, 0, 0, PASS)])


class Traced:
    """A child that has called `let_be_traced`; it goes from point to point.

    Each interesting call is a point, before it is made. A write into a file is two: before it,
    and with a share of its bytes written.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.points: list[str] = []
        self.status: int | None = None
        """The exit code, or the signal that killed it as a negative number, once it has ended."""
        os.waitpid(pid, 0)
        self._ask(SET_OPTIONS, OPTIONS)
        self._signal = 0

    def go_to(self, target: int | str | None, share: float = 0.5) -> bool:
        """Go on to the point of this number, or the next of this name; False when there is none."""
        while self._next_stop(CONTINUE, AT_THE_FILTER):
            call, arguments = self._call()
            name = point_name(self.pid, call, arguments)
            if not name:
                continue
            size = regular_size(self.pid, arguments[0]) if call == WRITE else None
            here = [name]
            if size is not None and arguments[2] > 1:
                here.append(f"half of {name}")
            first = len(self.points)
            self.points += here
            wanted = [n for n, point in enumerate(here) if target in {first + n, point}]
            if not wanted:
                continue
            if wanted[0] == 1 and size is not None:
                self._write_a_part(size, arguments[2], share)
            else:
                del self.points[first + 1 :]
            return True
        return False

    def kill(self) -> None:
        """Kill it where it stands."""
        os.kill(self.pid, signal.SIGKILL)
        self._ended(os.waitpid(self.pid, 0)[1])

    def _write_a_part(self, size: int, length: int, share: float) -> None:
        part = min(length - 1, max(1, int(length * share)))
        _, hard = resource.prlimit(self.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (size + part, hard))
        self._next_stop(TO_NEXT_CALL, AT_A_CALL)
        written = struct.unpack_from("q", self._described(), 24)[0]
        if written != part:
            raise AssertionError(f"{written} bytes were written instead of {part}")

    def _next_stop(self, how: int, wanted: int) -> bool:
        while self.status is None:
            self._ask(how, self._signal)
            self._signal = 0
            _, status = os.waitpid(self.pid, 0)
            if self._ended(status):
                break
            if status >> 8 == wanted:
                return True
            self._signal = os.WSTOPSIG(status)
        return False

    def _ended(self, status: int) -> bool:
        if os.WIFEXITED(status) or os.WIFSIGNALED(status):
            self.status = os.waitstatus_to_exitcode(status)
        return self.status is not None

    def _call(self) -> tuple[int, tuple[int, ...]]:
        number, *arguments = struct.unpack_from("7Q", self._described(), 24)
        return number, tuple(arguments)

    def _described(self) -> bytes:
        room = ctypes.create_string_buffer(128)
        _libc.ptrace(GET_CALL, self.pid, ctypes.c_void_p(len(room)), room)
        return room.raw

    def _ask(self, what: int, value: int) -> None:
        if _libc.ptrace(what, self.pid, None, ctypes.c_void_p(value)) < 0:
            raise OSError(ctypes.get_errno(), "the process cannot be traced")

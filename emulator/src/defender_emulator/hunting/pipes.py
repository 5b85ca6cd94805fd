"""Messages between the engine and its process: a length, then JSON."""

import json
import struct
from typing import IO, Any

Message = dict[str, Any]
_LENGTH = struct.Struct(">Q")


def send(pipe: IO[bytes], message: Message) -> None:
    """Write one message."""
    body = json.dumps(message).encode()
    pipe.write(_LENGTH.pack(len(body)) + body)
    pipe.flush()


def receive(pipe: IO[bytes]) -> Message | None:
    """Read one message, or None where the other side has ended."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (size,) = _LENGTH.unpack(head)
    body = pipe.read(size)
    if len(body) < size:
        return None
    message: Message = json.loads(body)
    return message

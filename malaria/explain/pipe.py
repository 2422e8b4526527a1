"""Messages between this program and a process of its own: named arrays and texts over a pipe, nothing that can run."""

import io
import struct
from typing import IO, Any, TypeAlias

import numpy as np

Message: TypeAlias = dict[str, Any]


def send(stream: IO[bytes], message: Message) -> None:
    """Write a message: numpy arrays, texts and numbers by name. Raises OSError when the other side is gone."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **message)
    data = buffer.getvalue()
    stream.write(struct.pack(">Q", len(data)) + data)
    stream.flush()


def receive(stream: IO[bytes]) -> Message | None:
    """Wait for a message and return it, arrays as arrays, texts and numbers as such; None when there is no more."""
    head = stream.read(8)
    if len(head) < 8:
        return None
    (size,) = struct.unpack(">Q", head)
    data = stream.read(size)
    if len(data) < size:
        return None
    with np.load(io.BytesIO(data), allow_pickle=False) as parts:
        return {name: parts[name] if parts[name].ndim else parts[name].item() for name in parts.files}

"""How gateway and writing process talk: pickled objects, each after its length. Both ends are ours."""

import pickle
import struct
from collections.abc import Iterator
from typing import Any

_LENGTH = struct.Struct("!I")


def frame(content: Any) -> bytes:
    """Return what to write."""
    text = pickle.dumps(content, protocol=pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(text)) + text


class Frames:
    """Makes objects of what was read."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Any]:
        """Yield the objects that are complete by now."""
        self._buffer += data
        start = 0
        while len(self._buffer) >= start + _LENGTH.size:
            end = start + _LENGTH.size + _LENGTH.unpack_from(self._buffer, start)[0]
            if len(self._buffer) < end:
                break
            yield pickle.loads(memoryview(self._buffer)[start + _LENGTH.size : end])  # noqa: S301 -- from our own child
            start = end
        del self._buffer[:start]

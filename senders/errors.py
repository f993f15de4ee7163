"""Providers' error codes, read from each channel's table; an unknown code is loud and handled by the safe rule."""

import tomllib
from functools import cache
from pathlib import Path

from core.logs import get_logger
from core.vocabulary import Channel, ErrorClass

# A refusal nobody has described: nothing was sent, so another try is safe, and attempts are bounded.
_UNKNOWN = ErrorClass.TRANSIENT


@cache
def _table(channel: str) -> dict[str, tuple[str, str]]:
    path = Path(__file__).parent / channel / "errors.toml"
    return {code: (row["class"], row["meaning"]) for code, row in tomllib.loads(path.read_text()).items()}


def classify(channel: Channel, code: str) -> tuple[ErrorClass, str]:
    """Return a code's class and its meaning in words."""
    known = _table(str(channel)).get(code)
    if known is None:
        get_logger().warning("unknown error code", channel=str(channel), error_code=code)
        return _UNKNOWN, f"the provider's error {code}, which nobody has described yet"
    return ErrorClass(known[0]), known[1]

"""A text as numbers: pieces of two to five characters, weighed by how rare they are. Training and judging share it."""

import math
import zlib
from collections import Counter
from collections.abc import Sequence

BUCKETS = 1 << 17  # pieces fall into so many places, by a hash that is the same on every machine
_LENGTHS = (2, 3, 4, 5)
_LONGEST = 2000  # characters of a message that are read


def pieces(text: str) -> Counter[int]:
    """Count a text's pieces by their place; case and runs of blanks make no difference."""
    plain = " ".join(text.casefold().split())[:_LONGEST]
    return Counter(
        zlib.crc32(plain[start : start + length].encode("utf-8", "replace")) % BUCKETS
        for length in _LENGTHS
        for start in range(len(plain) - length + 1)
    )


def weighed(found: Counter[int], rarity: Sequence[float]) -> dict[int, float]:
    """Weigh pieces by their number and rarity, to length one; no pieces, no weights."""
    weights = {place: (1 + math.log(count)) * float(rarity[place]) for place, count in found.items()}
    length = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
    return {place: weight / length for place, weight in weights.items()}

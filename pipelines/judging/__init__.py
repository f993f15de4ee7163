"""What a person's message sounds like: its mood, how urgent it is and which department it is for. Rules, versioned.

The same text is judged the same everywhere. A change of words or weights is a new ``VERSION``: the next loads of the
journal judge everything again.
"""

from typing import NamedTuple

from pipelines.judging.routing import route
from pipelines.judging.sentiment import feel

VERSION = "1"


class Judgement(NamedTuple):
    """``sentiment``: positive, neutral, negative or unknown, how sure; ``urgency``: urgent, high, normal or low."""

    sentiment: str
    confidence: float
    urgency: str
    department: str


def judge(text: str) -> Judgement:
    """Judge one message in Thai or English; what cannot be told is ``unknown``, of normal urgency, for support."""
    sentiment, confidence = feel(text)
    urgency, department = route(text, sentiment)
    return Judgement(sentiment, confidence, urgency, department)

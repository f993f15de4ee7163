"""The shape of a rule tree. A tree that exists was checked: see ``parse.py``.

What is not known fulfils no clause, and so its ``not`` is true; ``is_not``, ``not_in`` and ``excludes`` are the ``not``
of ``is``, ``in`` and ``includes``.
"""

from dataclasses import dataclass
from typing import Any

from campaigns.rules.catalogue import Collection, Field


@dataclass(frozen=True)
class FieldClause:
    """A field compared with a value. ``currency`` for money, which is never compared across currencies."""

    place: str
    collection: Collection
    field: Field
    operator: str
    value: Any
    currency: str | None = None


@dataclass(frozen=True)
class AggregateClause:
    """Rows of a collection counted, or a field of them summed, compared with a value.

    ``days``: only rows of the last so many days. ``where``: only rows that fulfil it. ``implied``: what its ``word``
    means, of ``did`` and ``window_open``. Nothing to count is 0, also for
    a sum; the smallest and largest of nothing is not known.
    """

    place: str
    function: str
    collection: Collection
    operator: str
    value: Any
    field: Field | None = None
    where: "Node | None" = None
    days: int | None = None
    currency: str | None = None
    implied: "Node | None" = None
    word: str = ""


@dataclass(frozen=True)
class SegmentClause:
    """Being in another segment, about whatever subject."""

    place: str
    segment_id: str


@dataclass(frozen=True)
class Group:
    """``all``, ``any`` or ``not`` of what stands in it; ``not`` has one part."""

    kind: str
    parts: tuple["Node", ...]


Clause = FieldClause | AggregateClause | SegmentClause
Node = Clause | Group


@dataclass(frozen=True)
class Subject:
    """What a segment is about: one row per row of ``collection`` of the contact's company that fulfils ``where``."""

    collection: Collection
    where: Node


@dataclass(frozen=True)
class Definition:
    """A segment as a rule tree. Without ``subject`` it is about the contact itself: one row per contact."""

    segment_id: str
    name: str
    name_th: str
    description: str
    version: int
    step: str
    where: Node
    subject: Subject | None = None

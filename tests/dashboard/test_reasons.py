"""Thai readers read reasons in Thai: every reason that policy and segments can write has its Thai."""

import itertools
import re
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from campaigns.rules.compile import compile_definition
from campaigns.rules.parse import parse
from campaigns.rules.words import sentence
from dashboard.parts.reasons import thai

_CAMPAIGNS = Path(__file__).parents[2] / "campaigns"
_FILES = [
    *sorted((_CAMPAIGNS / "policy").glob("*.sql")),
    *sorted((_CAMPAIGNS / "segments").glob("*.sql")),
    *sorted((_CAMPAIGNS / "transactional").glob("*.sql")),
    _CAMPAIGNS / "stopped.sql",
]
_VALUE = "7"


def _texts(node: exp.Expression) -> list[str]:
    """Return the texts an expression can have, each value in them a seven; none where it only passes one on."""
    if isinstance(node, exp.Case):
        ends = [each.args["true"] for each in node.args["ifs"]] + [node.args.get("default")]
        return [text for end in ends if end is not None for text in _texts(end)]
    if isinstance(node, exp.DPipe):
        pairs = itertools.product(_texts(node.left) or [_VALUE], _texts(node.right) or [_VALUE])
        return [left + right for left, right in pairs]
    if isinstance(node, exp.Paren):
        return _texts(node.this)
    if isinstance(node, exp.TimeToStr):
        return ["Saturday 10:30"]
    return [node.this] if isinstance(node, exp.Literal) and node.is_string else []


def _written() -> list[str]:
    found = []
    for path in _FILES:
        statements = sqlglot.parse(re.sub(r"\$(\w+)", r"param_\1", path.read_text()), dialect="duckdb")
        for statement in statements:
            for alias in statement.find_all(exp.Alias) if statement else ():
                if alias.alias in {"why", "reason"}:
                    found += _texts(alias.this)
    passed_on = f"{_VALUE} ({_VALUE})"  # a suppression's reason and source
    return sorted(set(found) - {passed_on})


@pytest.mark.parametrize("text", _written())
def test_every_reason_that_can_be_written_has_its_thai(text):
    shown = thai(text)

    assert re.search("[\u0e01-\u0e5b]", shown), text
    assert re.findall(r"[A-Za-z]{3,}", re.sub("LINE|CRM|API|Saturday", "", shown)) == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("it is Saturday 10:30 in Asia/Bangkok", "ขณะนี้เป็นวันเสาร์ 10:30 ที่ Asia/Bangkok"),
        ("unsubscribed (one_click)", "เลิกรับข้อความ (one_click)"),
        ("fallback from line: no rule speaks against it", "ส่งแทนLINE: ไม่มีกฎใดห้าม"),
        ("contract C-1 ends on 2026-04-01, in 28 days; no successor", "สัญญา C-1 สิ้นสุด 2026-04-01 อีก 28 วัน ยังไม่มีสัญญาต่อ"),
        ("something nobody described", "something nobody described"),
        ("Nobody knows is here", "Nobody knows is here"),
        (
            "not: Contract status is one of Active, Renewed [Active]; Tickets at least 2 in 90 days [3]",
            "ไม่ใช่: สถานะสัญญา เป็นหนึ่งใน Active, Renewed [Active]; ปัญหาที่แจ้ง อย่างน้อย 2 ใน 90 วัน [3]",
        ),
    ],
)
def test_values_in_a_reason_keep_their_place_and_are_translated_where_they_are_words(text, shown):
    assert thai(text) == shown


def _clauses():
    for path in sorted((_CAMPAIGNS / "segments").glob("*.yaml")):
        definition = parse(path.read_text(), path.name)
        yield from (
            f"{'not: ' * leaf.is_negated}{sentence(leaf.clause)} [2]"
            for leaf in compile_definition(definition, dict).leaves
        )


@pytest.mark.parametrize("text", sorted(set(_clauses())))
def test_every_clause_of_a_shipped_segments_rules_has_its_thai(text):
    shown = thai(text)

    assert re.search("[\u0e01-\u0e5b]", shown), text
    assert re.findall(r"\b(is|at|not|and|in|least|within|ago|more)\b", shown) == [], shown

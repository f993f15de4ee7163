"""Logs: one JSON object a line with the fields operators search by, and no contact detail or token in any of them."""

import json
import subprocess
import sys
from pathlib import Path

import jwt
import pytest

ROOT = Path(__file__).parents[2]
JWT = jwt.encode({"user_id": "ada", "token_type": "access"}, "x" * 40, "HS256")
DETAILS = {
    "an address": "somchai.demo@hotel.example",
    "an address with a quote": "o'neil+x@hotel.example",
    "an address in a URL": "malee%40hotel.example",
    "a quoted address": '"john doe"@hotel.example',
    "a number": "+66812345678",
    "a number as typed": "081-234-5678",
    "a number with brackets": "(02) 123-4567",
    "a number after a day": "2026-03-02 0812345678",
    "a number with long dashes": "+66–81–234–5678",
    "two numbers": "66812345678 66898765432",
    "a LINE user": "U0123456789abcdef0123456789abcdef",
    "a LINE user in a name": "line_U0123456789abcdef0123456789abcdef",
    "a WhatsApp message, which holds the number": "wamid.HBgLNjY4MTIzNDU2NzgVAgARGBI5QTNDQTVCM0Q0Q0Q2RTY3RTcA",
    "the CRM's token": JWT,
    "a service token": "bma_0198c0de_kJh7sdf98sdfKJHsdf9",
    "a bearer token": "Bearer abcdefgh12345678",
    "a provider's token": "EAAJZBq1ZCxyz9BAPk3ZAfmEXAMPLEtokenWith4Digits77AndMore",
    "a link that acts": "/u/eyJh.MTIzNDU2Nzg5MDEyMzQ1Njc4",
    "a password in an address": "postgresql://bma:hunter2secret@db/bma",
    "a setting": "BMA_SMTP_PASSWORD=correct-horse",
}
# What of each must be nowhere: enough to write to somebody, or to act as them.
TELLING = {
    **DETAILS,
    "an address with a quote": "neil+x@",
    "a quoted address": "john doe",
    "a number with brackets": "123-4567",
    "a number after a day": "0812345678",
    "two numbers": "12345678",
    "a LINE user in a name": "456789abcdef",
    "a bearer token": "abcdefgh12345678",
    "a link that acts": "MTIzNDU2Nzg5",
    "a password in an address": "hunter2secret",
    "a setting": "correct-horse",
}


@pytest.fixture(scope="module")
def said() -> str:
    """What a process says that pushes every detail through every way a log line can take."""
    command = [sys.executable, "-m", "tests.core.loud_process", json.dumps(list(DETAILS.values()))]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert ended.returncode == 1
    assert ended.stdout == ""
    return ended.stderr


@pytest.mark.parametrize("name", DETAILS)
def test_no_contact_detail_and_no_token_comes_out_by_any_way(said: str, name: str) -> None:
    assert DETAILS[name] not in said
    assert TELLING[name] not in said


def test_every_line_is_json_with_its_time_level_and_service(said: str) -> None:
    lines = [json.loads(line) for line in said.splitlines()]

    assert all({"timestamp", "level", "service", "event"} <= line.keys() for line in lines)
    assert {line["service"] for line in lines} == {"loud"}


def test_every_way_was_taken(said: str) -> None:
    per_detail = ["today", "odd kinds", "bound to the context", "caught", "a library caught", "a library says"]
    per_detail += ["with more", "a warning about", "in a thread", "in a task"]

    assert {way: said.count(way) >= len(DETAILS) for way in per_detail} == dict.fromkeys(per_detail, True)
    assert "nobody catches" in said

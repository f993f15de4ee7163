"""What comes back by mail: bounces, complaints, answers and automatic answers, each told apart."""

import pytest

from core import tokens
from tests.gateway.conftest import ADDRESSES

DOOR = "/webhooks/email/inbound"


def verp(message_id):
    return f"bounces+{tokens.sign('linksecret', 'verp', message_id)}@bounces.bmasia.example"


def report(message_id, *, kind="delivery-status", action="failed", status="5.1.1", to=None):
    return f"""\
From: MAILER-DAEMON@relay.example
To: {to or verp(message_id)}
Subject: Undelivered
Date: Mon, 02 Mar 2026 03:10:00 +0000
MIME-Version: 1.0
Content-Type: multipart/report; report-type={kind}; boundary="b"

--b
Content-Type: text/plain

It did not work.
--b
Content-Type: message/{kind}

Reporting-MTA: dns; relay.example

Final-Recipient: rfc822; {ADDRESSES["email"]}
Action: {action}
Status: {status}

--b
Content-Type: text/rfc822-headers

Message-ID: <{message_id}@bmasia.example>

--b--
""".replace("\n", "\r\n").encode()


def answer(message_id, **headers):
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return (
        f"From: {ADDRESSES['email']}\r\nTo: hello@bmasia.example\r\nMessage-ID: <own@hotel.example>\r\n"
        f"In-Reply-To: <{message_id}@bmasia.example>\r\nDate: Mon, 02 Mar 2026 03:10:00 +0000\r\n{more}\r\n"
        "Yes please, renew it.\r\n"
    ).encode()


def the_mail(rows):
    return next(row for row in rows("messages") if row["channel"] == "email")


def test_a_permanent_bounce_ends_the_message_and_suppresses_the_address(deliver, rows, sent):
    deliver(DOOR, report(sent["email"]))

    assert (the_mail(rows)["status"], the_mail(rows)["error_code"]) == ("failed", "5.1.1")
    assert [row["address"] for row in rows("suppressions")] == [ADDRESSES["email"]]


def test_a_full_mailbox_fails_the_message_and_leaves_the_address(deliver, rows, sent):
    deliver(DOOR, report(sent["email"], status="5.2.2"))

    assert the_mail(rows)["status"] == "failed"
    assert rows("suppressions") == []


def test_a_delay_is_no_bounce(deliver, rows, sent):
    deliver(DOOR, report(sent["email"], action="delayed", status="4.4.1"))

    assert the_mail(rows)["status"] == "accepted"
    assert rows("events") == []


def test_a_bounce_finds_its_message_without_the_return_path_too(deliver, rows, sent):
    deliver(DOOR, report(sent["email"], to="postmaster@bmasia.example"))

    assert the_mail(rows)["status"] == "failed"


def test_a_forged_return_path_is_kept_and_harms_nobody(deliver, rows, sent):
    body = report("0198c0de-dead-7000-8000-000000000000", to="bounces+AAAA@bounces.bmasia.example")
    deliver(DOOR, body)

    assert rows("inbox")[0]["state"] == "rejected"
    assert the_mail(rows)["status"] == "accepted"


def test_a_complaint_suppresses_at_once(deliver, rows, sent):
    deliver(DOOR, report(sent["email"], kind="feedback-report"))

    assert [(row["source"], row["address"]) for row in rows("suppressions")] == [("complaint", ADDRESSES["email"])]
    assert [row["event_type"] for row in rows("events")] == ["complained"]


def test_a_person_s_answer_is_found_by_our_message_id(deliver, rows, sent):
    deliver(DOOR, answer(sent["email"]))

    (event,) = rows("events")
    assert (event["event_type"], event["message_id"]) == ("replied", sent["email"])
    assert "renew" in event["detail"]["text"]


@pytest.mark.parametrize("header", [{"Auto_Submitted": "auto-replied"}, {"X_Auto_Response_Suppress": "All"}])
def test_an_automatic_answer_is_not_taken_for_a_person_s(deliver, rows, sent, header):
    deliver(DOOR, answer(sent["email"], **header))

    assert rows("events") == []
    assert rows("inbox")[0]["state"] == "applied"

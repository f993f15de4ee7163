"""``bma doubt`` and ``bma reconcile`` as a person meets them: what is listed, what is decided, what is refused."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bench.outbox_of import message_id, plan
from core.clock import utc_now
from core.errors import PermanentError
from core.store import ledger, outbox
from core.store.tables import audit, messages
from tests.cli.test_commands import Run, _json, run, store  # noqa: F401 -- two are fixtures


@pytest.fixture
def doubted(store: sa.Engine) -> sa.Engine:  # noqa: F811
    """Four messages, two a channel, of which three are in doubt."""
    now = utc_now() - timedelta(hours=1)
    plan(store, 4, ("whatsapp", "email"), now)
    with store.begin() as connection:
        for channel in ("whatsapp", "email"):
            for message in outbox.claim_fairly(
                connection, channel=channel, worker="w", limit=9, now=now, lease=timedelta(seconds=90)
            ):
                ledger.doubt(connection, message.message_id, reason="timeout", at=now)
        ledger.fail(connection, message_id(3), error_class="x", error_code="1", reason="no", at=now)
    return store


def _statuses(engine: sa.Engine) -> dict[str, str]:
    with engine.connect() as connection:
        query = sa.select(messages.c.message_id, messages.c.status)
        return {key[-1]: status for key, status in connection.execute(query)}


def test_the_list_says_why_since_when_and_what_could_settle_it(run: Run, doubted: sa.Engine) -> None:  # noqa: F811
    found = _json(run("doubt", "list", "--json"))
    only = _json(run("doubt", "list", "--channel", "email", "--campaign", "renewal", "--run", "r1", "--json"))

    assert {each["message_id"] for each in found} == {message_id(number) for number in (0, 1, 2)}
    assert [each["message_id"] for each in only] == [message_id(1)]
    assert only[0].keys() == {
        "message_id",
        "campaign_id",
        "run_id",
        "channel",
        "contact_id",
        "since",
        "why",
        "evidence",
    }
    assert "bounce" in only[0]["evidence"]


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("--as", "sent"), "accepted"),
        (("--as", "not-sent"), "planned"),
        (("--as", "not-sent", "--cancel"), "cancelled"),
    ],
)
def test_one_message_is_settled_and_audited(
    run: Run,  # noqa: F811
    doubted: sa.Engine,
    words: tuple[str, ...],
    status: str,
) -> None:
    done = _json(run("doubt", "settle", message_id(0), *words, "--reason", "asked Meta", "--json"))

    assert done == {"settled": 1, "status": status, "too_late_to_send": 0}
    assert _statuses(doubted) == {"0": status, "1": "in_doubt", "2": "in_doubt", "3": "failed"}
    with doubted.connect() as connection:
        (line,) = connection.execute(sa.select(audit)).all()
    assert (line.action, line.target, line.detail) == (
        "settle_doubt",
        message_id(0),
        {"status": status, "reason": "asked Meta"},
    )


def test_a_run_is_settled_whole_on_one_channel(run: Run, doubted: sa.Engine) -> None:  # noqa: F811
    words = ("--run", "r1", "--channel", "whatsapp", "--as", "not-sent", "--reason", "Meta was down", "--json")

    assert _json(run("doubt", "settle", *words))["settled"] == 2
    assert _statuses(doubted) == {"0": "planned", "1": "in_doubt", "2": "planned", "3": "failed"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((message_id(3), "--as", "sent", "--reason", "x"), "is failed, not in doubt"),
        (("nope", "--as", "sent", "--reason", "x"), "there is no message nope"),
        (("--campaign", "other", "--as", "sent", "--reason", "x"), "nothing is in doubt there"),
        (("--as", "sent", "--reason", "x"), "say which"),
        (("--channel", "email", "--as", "sent", "--reason", "x"), "say which"),
        ((message_id(0), "--campaign", "renewal", "--as", "sent", "--reason", "x"), "say which"),
        ((message_id(0), "--as", "sent", "--cancel", "--reason", "x"), "leave out --cancel"),
        ((message_id(0), "--as", "sent", "--reason", " "), "say how you know"),
    ],
)
def test_a_decision_that_cannot_be_meant_is_refused_and_changes_nothing(
    run: Run,  # noqa: F811
    doubted: sa.Engine,
    words: tuple[str, ...],
    says: str,
) -> None:
    before = _statuses(doubted)
    result = run("doubt", "settle", *words)

    assert result.exit_code != 0
    assert isinstance(result.exception, PermanentError)
    assert says in str(result.exception)
    assert _statuses(doubted) == before


def test_reconcile_with_every_channel_closed_says_so_and_lists_what_is_in_doubt(
    run: Run,  # noqa: F811
    doubted: sa.Engine,
) -> None:
    found: dict[str, Any] = _json(run("reconcile", "--json"))

    assert "set BMA_LINE_TOKEN" in found["channels"]["line"]
    assert len(found["in_doubt"]) == 3
    assert {(row["channel"], row["state"], row["in_doubt_count"]) for row in found["counts"]} == {
        ("whatsapp", "provider_not_ready", 2),
        ("email", "provider_cannot_tell", 1),
    }
    assert found["unexplained"] == found["failures"] == []
    text = run("reconcile").stdout
    assert "In doubt" in text and "closed: set BMA_LINE_TOKEN" in text


def test_reconcile_ends_with_an_error_when_a_provider_could_not_be_asked(
    run: Run,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BMA_LINE_TOKEN", "t")
    monkeypatch.setenv("BMA_LINE_URL", "http://127.0.0.1:9")  # nobody listens there
    result = run("sync", "providers", "--days", "1", "--json")

    assert result.exit_code == 1
    assert "LINE did not answer" in result.stdout

"""``bma conversation`` as a person meets it: who waits, what was said, what is refused, handing over and closing."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from core.clock import utc_now
from core.errors import PermanentError
from core.store import effects
from core.store.events import Event, record
from core.store.tables import audit
from core.vocabulary import Channel, EventType
from tests.cli.test_commands import Run, _json, run, store  # noqa: F401 -- two are fixtures


@pytest.fixture
def thread(store: sa.Engine) -> Any:  # noqa: F811
    """A thread in which somebody unknown wrote on LINE an hour ago; its id."""
    now = utc_now()
    event = Event(
        event_id="e1",
        channel=Channel.LINE,
        event_type=EventType.REPLIED,
        occurred_at=now - timedelta(hours=1),
        provider_event_type="message",
        address="U1",
        detail={"text": "Hello?"},
    )
    with store.begin() as connection:
        effects.apply_all(connection, record(connection, [event], received_at=now, now=now), now)
        return connection.execute(sa.text("select conversation_id from conversations")).scalar_one()


def test_who_waits_is_listed_and_shown_without_an_address(run: Run, thread: str) -> None:  # noqa: F811
    (listed,) = _json(run("conversation", "list", "--waiting", "--json"))
    shown = run("conversation", "show", thread, "--json")

    assert (listed["conversation_id"], listed["is_waiting"]) == (thread, True)
    assert _json(shown)["last_message"] == "Hello?"
    assert "not matched" in _json(shown)["may_answer"]
    assert "U1" not in shown.output


def test_an_answer_that_must_not_be_sent_is_refused_in_words(run: Run, thread: str) -> None:  # noqa: F811
    refused = run("conversation", "reply", thread, "Hello", "--draft", "d1")

    assert refused.exit_code == 1
    assert isinstance(refused.exception, PermanentError)
    assert "not matched" in str(refused.exception)


def test_a_thread_is_handed_over_closed_and_opened_again(run: Run, store: sa.Engine, thread: str) -> None:  # noqa: F811
    for words in (("assign", thread, "sales"), ("close", thread)):
        assert run("conversation", *words).exit_code == 0
    assert _json(run("conversation", "list", "--waiting", "--json")) == []
    assert run("conversation", "reopen", thread).exit_code == 0
    (listed,) = _json(run("conversation", "list", "--waiting", "--json"))
    with store.connect() as connection:
        actions = list(connection.execute(sa.select(audit.c.action).order_by(audit.c.audit_id)).scalars())

    assert listed["department"] == "sales"
    assert actions == ["assign_conversation", "close_conversation", "reopen_conversation"]
    assert run("conversation", "assign", thread, "hr").exit_code == 1

"""``bma conversation``: who waits for an answer, what was said, answering, handing over, closing."""

from typing import Annotated, Any

import typer

from cli.output import Json, open_steps, show
from core.clock import utc_now
from core.ids import random_id

conversation = typer.Typer(no_args_is_help=True, help="Conversations: list, show, reply, assign, close, reopen.")
Id = Annotated[str, typer.Argument(help="The conversation's id: see `bma conversation list`.")]
_BY = "cli"


@conversation.command("list")
def list_conversations(
    waiting: Annotated[bool, typer.Option("--waiting", help="Only those in which somebody waits for us.")] = False,
    as_json: Json = False,
) -> None:
    """List conversations, who waits longest first. Example: bma conversation list --waiting."""
    from core.store import conversations
    from core.store.engine import reading

    with reading(open_steps().store) as connection:
        found = [each for each in conversations.newest(connection) if each.is_waiting or not waiting]
    found.sort(key=lambda each: (not each.is_waiting, each.waiting_since or each.opened_at))
    shown = ("conversation_id", "contact_id", "channel", "status", "department", "waiting_since", "window_open_until")
    show([{**{name: getattr(each, name) for name in shown}, "is_waiting": each.is_waiting} for each in found], as_json)


@conversation.command("show")
def show_conversation(conversation_id: Id, as_json: Json = False) -> None:
    """Show what was said: the person's last message and our answers. Example: bma conversation show ID."""
    from campaigns import replies
    from core.store import conversations
    from core.store.engine import reading

    with reading(open_steps().store) as connection:
        thread = replies.require(connection, conversation_id)
        against = replies.refusal(connection, thread, utc_now())
        last = conversations.written(connection, thread.last_inbound_id or "")
        answers = conversations.answers(connection, thread)
    hidden = {"address", "last_inbound_id"}
    result: dict[str, Any] = {name: value for name, value in thread._asdict().items() if name not in hidden}
    result |= {"is_waiting": thread.is_waiting, "last_message": last.get("text", ""), "answers": answers}
    show(result | {"may_answer": "yes" if against is None else str(against)}, as_json)


@conversation.command("reply")
def reply(
    conversation_id: Id,
    text: Annotated[str, typer.Argument(help="The answer's words.")],
    draft: Annotated[
        str, typer.Option(help="A key of yours: the same once more sends nothing. Left out: a new one.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Answer; the worker sends it next. Example: bma conversation reply ID "We are on it." --draft ticket-7."""
    from campaigns import replies
    from warehouse import publish

    steps = open_steps()
    wish = replies.Draft(conversation_id, draft or random_id(), text)
    version = publish.newest(steps.settings.serve_dir)
    show(replies.send(steps.store, version, steps.warehouse_key, wish, by=_BY, now=utc_now())._asdict(), as_json)


@conversation.command("assign")
def assign(
    conversation_id: Id,
    department: Annotated[str, typer.Argument(help="sales, operations, design, finance or support.")],
) -> None:
    """Hand a conversation over; the CRM gets a note. Example: bma conversation assign ID finance."""
    from campaigns import replies

    replies.hand_over(open_steps().store, conversation_id, department, by=_BY, now=utc_now())


@conversation.command("close")
def close(conversation_id: Id) -> None:
    """Close a conversation; the person's next message opens it again. Example: bma conversation close ID."""
    from campaigns import replies

    replies.set_open(open_steps().store, conversation_id, is_open=False, by=_BY, now=utc_now())


@conversation.command("reopen")
def reopen(conversation_id: Id) -> None:
    """Open a closed conversation again. Example: bma conversation reopen ID."""
    from campaigns import replies

    replies.set_open(open_steps().store, conversation_id, is_open=True, by=_BY, now=utc_now())

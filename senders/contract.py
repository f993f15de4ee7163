"""What every channel's sender is: it takes rendered messages and gives one of four answers for each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from core.vocabulary import Channel


@dataclass(kw_only=True, slots=True)  # not frozen: that alone would take 2 µs a message
class Outgoing:
    """A rendered message. ``message_id`` is ours and goes with it, so that a repeat is recognisable.

    Email has ``subject``, ``text`` and ``html``, or in place of the last two ``lines``: both as they go over SMTP, in
    UTF-8, ended by CRLF but for the last, none of more than 998 bytes or with a dot to begin with.
    LINE has ``text``, or ``flex``, a whole message;
    WhatsApp has ``template_name`` and ``parameters``, or ``text`` alone while the person's window is open.
    An email without ``unsubscribe_url`` is one person's answer to another; ``in_reply_to`` is the mail it answers.
    """

    message_id: str
    address: str
    language: str
    campaign_id: str
    text: str
    subject: str = ""
    html: str = ""
    template_name: str = ""
    parameters: tuple[str, ...] = ()
    unsubscribe_url: str = ""
    flex: dict[str, Any] | None = None
    in_reply_to: str = ""
    lines: tuple[bytes, bytes] | None = None


@dataclass(slots=True)  # not frozen, as above
class Accepted:
    """The provider took it."""

    provider_message_id: str | None
    is_held: bool = False


@dataclass(frozen=True)
class Rejected:
    """The provider refused it and nothing was sent; whether to try again is for the error's class to say."""

    error_class: str
    error_code: str
    reason: str
    retry_after: float | None = None


@dataclass(frozen=True)
class NotSent:
    """It certainly never reached the provider: no connection, no name, no TLS. It may be tried again."""

    reason: str


@dataclass(frozen=True)
class Unknown:
    """It was written to the wire and no clear answer came. It must not be tried again without evidence."""

    reason: str


Answer = Accepted | Rejected | NotSent | Unknown
MayGo = Callable[[], bool]  # asked right before the write, with nothing awaited in between


def always() -> bool:
    """Say yes: nothing speaks against the message."""
    return True


WITHHELD = NotSent("something spoke against it before it was written")


class Sender(Protocol):
    """One provider account of a channel."""

    channel: Channel
    knows_repeats: bool  # whether sending the same message again is recognised, and so resolves a doubt

    async def send(self, message: Outgoing, may_go: MayGo = always) -> Answer:
        """Hand one message over. Never retries, never raises for anything the provider or the network does.

        Where ``may_go`` says no, nothing is written and the answer is WITHHELD.
        """

    async def close(self) -> None:
        """Close the connections."""


@runtime_checkable
class AlikeSender(Sender, Protocol):
    """A sender that can also reach several people with one request, when the words are the same for all."""

    most_alike: int

    async def send_alike(self, messages: Sequence[Outgoing], batch_id: str, may_go: MayGo = always) -> Answer:
        """Hand messages with the same words over in one request; the one answer is true of all of them.

        The same batch id with the same messages is recognised as a repeat.
        """

"""One connection to a mail server that does not wait for what it need not wait for (RFC 2920).

MAIL, RCPT and DATA go out in one write; the body follows when DATA was answered with 354, and with it, in the same
write, the next message's MAIL, RCPT and DATA. So at most two messages are on a connection: ``leaving`` has its body
written and waits for the answer that decides, ``entering`` has its envelope written and is certainly not sent yet.
Replies come in the order of what was written; whatever does not fit that order ends the connection.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol, cast

from core.vocabulary import ErrorClass
from senders.contract import WITHHELD, Accepted, Answer, NotSent, Unknown
from senders.email.delivery import Delivery
from senders.email.replies import CLOSING, Replies, Reply, provider_id, refused

ON_A_CONNECTION = 2  # messages: one leaves, one enters
_START_INPUT = 354
_TAKEN = 250


class Owner(Protocol):
    """Who has the connections and the messages that wait for one."""

    def next_waiting(self) -> Delivery | None:
        """Give the next message, if any waits."""

    def rests(self, wire: "Wire") -> None:
        """Hear that a connection has nothing to do."""

    def take_back(self, delivery: Delivery) -> None:
        """Take a message that was certainly not sent and deserves another connection."""

    def ended(self, wire: "Wire") -> None:
        """Hear that a connection is over."""


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long a connection waits for a reply and lives without work, in seconds, and for how many messages."""

    reply_seconds: float = 30.0
    idle_seconds: float = 60.0  # servers close after some minutes
    messages: int = 100  # many servers close after about so many


class Takes(NamedTuple):
    """What a server offers: to be written to before it has answered (RFC 2920), and eight bits (RFC 6152)."""

    pipelining: bool
    eight_bits: bool


class Wire(asyncio.Protocol):
    """Takes over a connection on which the server waits for MAIL."""

    def __init__(self, owner: Owner, transport: asyncio.Transport, patience: Patience, takes: Takes) -> None:
        self._owner, self._transport, self._patience = owner, transport, patience
        self._pipelines, self._takes_eight_bits = takes
        self._loop = asyncio.get_running_loop()
        self._replies = Replies()
        self._awaited: deque[Callable[[Reply], None]] = deque()
        self._unwritten: deque[tuple[bytes, Callable[[Reply], None]]] = deque()  # without pipelining
        self._entering: Delivery | None = None
        self._leaving: Delivery | None = None
        self._begun = self._answered = 0
        self._must_reset = self._is_ending = self._is_over = False
        self._heard_at = self._loop.time()
        self.closed: asyncio.Future[None] = self._loop.create_future()
        transport.set_protocol(self)
        self._tick()

    @property
    def has_room(self) -> bool:
        """Whether the next message's envelope may be written."""
        return (
            self._entering is None
            and (self._leaving is None or self._pipelines)
            and self._begun < self._patience.messages
            and not self._is_ending
            and not self._transport.is_closing()
        )

    def begin(self, delivery: Delivery) -> None:
        """Write a message's envelope."""
        if not self._awaited:
            self._heard_at = self._loop.time()
        self._transport.write(self._enter(delivery))

    def quit(self) -> None:
        """Say goodbye; whoever is still on the connection is answered by what is known."""
        if self._entering or self._leaving:
            self.end("we close")
        elif not self._is_ending:
            self._is_ending = True
            self._awaited.append(self._hear_goodbye)
            self._heard_at = self._loop.time()
            self._transport.write(b"QUIT\r\n")

    def end(self, reason: str, entering: Answer | None = None, *, may_move: bool = False) -> None:
        """Break off: whose body was written is in doubt, whose was not was certainly not sent.

        With ``may_move`` a message without its body gets another connection, if this one has served before. That has
        an end: every move uses up a connection that was good for a message.
        """
        if self._is_over:
            return
        self._is_over = self._is_ending = True
        self._transport.abort()
        if self._leaving is not None:
            self._leaving.settle(Unknown(f"{reason}, after the message"))
        if self._entering is not None:
            if may_move and self._answered:  # a used connection at its end says nothing about the message
                self._owner.take_back(self._entering)
            else:
                self._entering.settle(entering or NotSent(f"{reason}, before the message"))
        self._entering = self._leaving = None
        self._owner.ended(self)

    def data_received(self, data: bytes) -> None:
        """Hear replies. More than was asked for means that we and the server are out of step, or that it closes."""
        replies = self._replies.feed(data)
        has_surplus = len(replies) + (not self._replies.is_between) > len(self._awaited)
        self._is_ending = self._is_ending or has_surplus
        for reply in replies:
            if self._awaited and not self._is_over:
                self._heard_at = self._loop.time()
                self._awaited.popleft()(reply)
        if has_surplus:
            self.end("the mail server said something nobody asked", may_move=True)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 -- asyncio's name
        """Answer whoever is still on the connection."""
        self._timer.cancel()
        self.end("the mail server hung up", may_move=True)
        if not self.closed.done():
            self.closed.set_result(None)

    def _tick(self) -> None:
        """Look from time to time whether the server is silent for too long, or we are."""
        silent = self._loop.time() - self._heard_at
        if self._awaited and silent >= self._patience.reply_seconds:
            self.end("the mail server did not answer in time")
            return
        if not self._awaited and silent >= self._patience.idle_seconds:
            self.quit()
        self._timer = self._loop.call_later(min(1.0, self._patience.reply_seconds / 4), self._tick)

    def _enter(self, delivery: Delivery) -> bytes:
        """Take a message and return what of its envelope may be written now."""
        self._entering, self._begun = delivery, self._begun + 1
        heard: tuple[Callable[[Reply], None], ...] = (self._hear_address, self._hear_address, self._hear_data)
        envelope = delivery.envelope(takes_eight_bits=self._takes_eight_bits)
        if self._must_reset:
            self._must_reset = False
            heard = (self._hear_reset, *heard)
            envelope = b"RSET\r\n" + envelope
        if self._pipelines:
            self._awaited.extend(heard)
            return envelope
        self._unwritten.extend(zip(envelope.splitlines(keepends=True), heard, strict=True))
        return self._next_command()

    def _next_command(self) -> bytes:
        command, hear = self._unwritten.popleft()
        self._awaited.append(hear)
        return command

    def _hear_reset(self, reply: Reply) -> None:
        if reply.code != _TAKEN:
            self.end("the mail server would not begin anew", may_move=True)
        elif self._unwritten:
            self._transport.write(self._next_command())

    def _hear_address(self, reply: Reply) -> None:
        """Hear what MAIL or RCPT was answered with."""
        delivery = cast("Delivery", self._entering)
        if 200 <= reply.code < 300:
            if self._unwritten:
                self._transport.write(self._next_command())
            return
        if not reply.is_refusal or reply.code == CLOSING:
            self._give_up_on(delivery, reply)
            return
        delivery.refusal = delivery.refusal or reply
        if self._unwritten:  # DATA was not written: that was all
            self._unwritten.clear()
            self._refuse(delivery, delivery.refusal)

    def _hear_data(self, reply: Reply) -> None:
        delivery = cast("Delivery", self._entering)
        if delivery.refusal is not None:
            if not reply.is_refusal:  # it waits for a message to nobody: rather than send an empty one, break off
                self.end("the mail server wants a message it refused", refused(delivery.refusal))
            else:
                self._refuse(delivery, delivery.refusal)
        elif reply.code == _START_INPUT:
            self._write_body(delivery)
        elif reply.is_refusal and reply.code != CLOSING:
            self._refuse(delivery, reply)
        else:
            self._give_up_on(delivery, reply)

    def _write_body(self, delivery: Delivery) -> None:
        if self._is_ending or self._transport.is_closing():
            self.end("the mail server closes", may_move=True)
            return
        if delivery.answer.done() or not delivery.may_go():  # nothing is awaited from here to the write
            self.end(WITHHELD.reason, WITHHELD)
            return
        self._entering, self._leaving = None, delivery
        self._awaited.append(self._hear_dot)
        following = self._owner.next_waiting() if self.has_room else None
        self._transport.write(delivery.body() + (self._enter(following) if following is not None else b""))

    def _hear_dot(self, reply: Reply) -> None:
        delivery = cast("Delivery", self._leaving)
        self._leaving, self._answered = None, self._answered + 1
        if reply.code == _TAKEN:
            delivery.settle(Accepted(provider_id(reply)))
        elif reply.is_refusal:
            delivery.settle(refused(reply))
        else:
            delivery.settle(Unknown(f"the mail server's answer makes no sense: {reply.text[:200]}"))
        if reply.code == CLOSING or not (reply.code == _TAKEN or reply.is_refusal):
            self.end("the mail server closes", may_move=True)
        else:
            self._go_on()

    def _hear_goodbye(self, _reply: Reply) -> None:
        self._transport.close()

    def _refuse(self, delivery: Delivery, reply: Reply) -> None:
        self._entering, self._must_reset = None, True
        self._answered += 1
        delivery.settle(refused(reply))
        self._go_on()

    def _give_up_on(self, delivery: Delivery, reply: Reply) -> None:
        """End the connection for a reply before the body: a 421, or one that makes no sense."""
        if delivery.refusal is not None:
            self.end("the mail server closes", refused(delivery.refusal))
        elif reply.code != CLOSING:
            self.end(f"the mail server's answer makes no sense: {reply.text[:200]}")
        else:
            answer = refused(reply)
            self.end("the mail server closes", answer, may_move=answer.error_class != ErrorClass.THROTTLED)

    def _go_on(self) -> None:
        if self._entering is not None:
            return
        if self.has_room and (following := self._owner.next_waiting()) is not None:
            self.begin(following)
        elif self._leaving is None and not self._is_ending:
            if self._begun >= self._patience.messages:
                self.quit()
            else:
                self._owner.rests(self)

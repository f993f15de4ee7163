"""Sending to a misbehaving mail server, and judging whether the answers were the truth."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from senders import event_loop
from senders.contract import Accepted, Answer, MayGo, NotSent, Outgoing, Rejected, Unknown, always
from senders.email.send import EmailSender
from senders.email.wire import Patience
from tests.senders.mail_peer import MailPeer
from tests.senders.test_adapter_exam import IDENTITY, MESSAGE

PATIENT = Patience(reply_seconds=10)
HASTY = Patience(reply_seconds=0.4)  # for servers that say nothing


def message(number: int) -> Outgoing:
    return replace(MESSAGE, message_id=f"m-{number}", address=f"p{number}@hotel.example", text=f"hello {number}")


def number_in(taken: bytes) -> int:
    found = re.search(rb"Message-ID: <m-(\d+)@", taken)
    assert found is not None
    return int(found[1])


def send(
    peer: MailPeer,
    count: int,
    *,
    connections: int = 1,
    patience: Patience = PATIENT,
    may_go: Callable[[int], MayGo] = lambda _: always,
    one_by_one: bool = False,
    words: Mapping[str, str] = MappingProxyType({}),
    **options: Any,
) -> list[Answer]:
    """Hand ``count`` messages with such words over at once, or each after the answer to the one before."""

    async def run() -> list[Answer]:
        async with peer:
            account = {"host": "127.0.0.1", "port": peer.port, "username": "", "password": "", **options}
            sender = EmailSender(**account, identity=IDENTITY, connections=connections, patience=patience)
            sending = [sender.send(replace(message(number), **words), may_go(number)) for number in range(count)]
            answers = [await each for each in sending] if one_by_one else await asyncio.gather(*sending)
            await sender.close()
            return answers

    return event_loop.run(asyncio.wait_for(run(), 20))


def kinds(answers: list[Answer]) -> list[str]:
    return [type(answer).__name__ for answer in answers]


def is_true(answers: list[Answer], peer: MailPeer) -> bool:
    """Whether each answer says what became of its message, and nothing was accepted twice."""
    taken, accepted = (Counter(map(number_in, texts)) for texts in (peer.taken, peer.accepted))
    for number, answer in enumerate(answers):
        match answer:
            case Accepted() if accepted[number] == 1 == taken[number]:
                continue
            case Rejected() if not accepted[number]:
                continue
            case NotSent() if not taken[number]:
                continue
            case Unknown() if accepted[number] <= 1:
                continue
        return False
    return True

"""Email in eight bits (RFC 6152): where a server takes them, and never where it does not."""

import pytest

from tests.senders.mail_peer import USUAL, MailPeer, PlainMailPeer
from tests.senders.mailing import kinds, send
from tests.senders.peers import CUT


@pytest.mark.parametrize("kind", [MailPeer, PlainMailPeer], ids=["pipelined", "step by step"])
@pytest.mark.parametrize(
    ("text", "offered", "is_eight_bit"),
    [("สวัสดี", True, True), ("สวัสดี", False, False), ("สวัสดี" * 60, True, False)],
    ids=["offered", "not offered", "a line too long for it"],
)
def test_eight_bits_go_where_the_server_takes_them_and_are_announced(
    kind: type[MailPeer],
    text: str,
    offered: bool,
    is_eight_bit: bool,
) -> None:
    peer = kind({})
    peer.extensions += ("8BITMIME",) if offered else ()
    answers = send(peer, 2, words={"text": text, "html": text})

    assert kinds(answers) == ["Accepted"] * 2
    assert [line.endswith(" BODY=8BITMIME") for line in peer.senders] == [is_eight_bit] * 2
    assert [text.encode() in taken for taken in peer.taken] == [is_eight_bit] * 2
    assert [taken.isascii() for taken in peer.taken] == [not is_eight_bit] * 2


def test_a_message_that_moves_to_a_server_without_eight_bits_is_written_for_it() -> None:
    class Mixed(MailPeer):
        def _reply(self, word: str) -> str:
            self.extensions = ("PIPELINING", "8BITMIME") if self.connections == 1 else ("PIPELINING",)
            return super()._reply(word)

    peer = Mixed({"DATA": [USUAL, CUT]})
    answers = send(peer, 2, words={"text": "สวัสดี", "html": ""})

    assert kinds(answers) == ["Accepted"] * 2
    assert [taken.isascii() for taken in peer.taken] == [False, True]
    assert [line.endswith(" BODY=8BITMIME") for line in peer.senders] == [True, True, False]

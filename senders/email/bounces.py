"""What a mail server says of a mail it could not deliver: whose, for good or not yet, and why."""

import re
from collections.abc import Iterator
from email.message import Message
from typing import NamedTuple

from flufl.bounce import all_failures

_CODE = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_ADDRESS = re.compile(r"[^\s<>;]+@[^\s<>;]+")
_READ = 20_000  # characters of free text in which a code is looked for


class Failure(NamedTuple):
    """One address that a report names. ``is_over`` is False while the server goes on trying."""

    address: str
    is_over: bool
    code: str  # enhanced status (RFC 3463)


def failures(mail: Message) -> list[Failure]:
    """Read a report, in fields (RFC 3464) or in free text; a mail that is none has no failures.

    Whether it is over comes from the report's action; the code may be a temporary one all the same, when a server gave
    up trying.
    """
    waiting, over = all_failures(mail)
    codes = dict(_codes(mail))
    said = _code_in_text(mail)
    return [
        Failure(address, is_over, codes.get(address.lower()) or said or ("5.0.0" if is_over else "4.0.0"))
        for is_over, found in ((True, over), (False, waiting))
        for address in sorted(each.decode("utf-8", "replace") for each in found)
    ]


def report_blocks(mail: Message, kind: str) -> Iterator[Message]:
    """Yield the blocks of fields of a report's machine-readable part, such as ``message/delivery-status``."""
    for part in mail.walk():
        if part.get_content_type() != kind:
            continue
        blocks = part.get_payload()
        if isinstance(blocks, list):
            yield from (block for block in blocks if isinstance(block, Message))


def _codes(mail: Message) -> Iterator[tuple[str, str]]:
    for block in report_blocks(mail, "message/delivery-status"):
        code = _CODE.search(str(block.get("Status", "")))
        for name in ("Final-Recipient", "Original-Recipient"):
            address = _ADDRESS.search(str(block.get(name, "")))
            if code and address:
                yield address[0].lower(), code[1]


def _code_in_text(mail: Message) -> str | None:
    for part in mail.walk():
        if part.get_content_type() == "text/plain":
            content = part.get_payload(decode=True)
            if isinstance(content, bytes) and (code := _CODE.search(content[:_READ].decode("utf-8", "replace"))):
                return code[1] if code[1][0] != "2" else None
    return None

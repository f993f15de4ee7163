"""How stand-in people react: decided by the seed, their address and the message, never by order or wall time."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

AGENTS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/147.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
)
APPLE_PROXY = "Mozilla/5.0"
SCANNER = "Mozilla/5.0 (compatible; MailSecurityScanner/2.1; link preview)"
_BOUNCES = ((0.03, "5.1.1", "user unknown"), (30.0, "4.3.0", "delivery time expired"), (0.0, "", ""))
_REPLIES = {
    "en": (
        "Yes, please go ahead.",
        "Can you send me the invoice again?",
        "Thank you, we will check.",
        "Please call me.",
    ),
    "th": ("ตกลงค่ะ ดำเนินการได้เลย", "รบกวนส่งใบแจ้งหนี้อีกครั้งค่ะ", "ขอบคุณครับ จะตรวจสอบให้", "โทรกลับหน่อยครับ"),
}


@dataclass(order=True)
class Reaction:
    """Something that will happen at a logical moment."""

    due: datetime
    order: int
    do: str = field(compare=False)
    message: "Taken" = field(compare=False)
    detail: dict[str, Any] = field(compare=False, default_factory=dict)


@dataclass
class Taken:
    """A message a provider took: ``key`` is what the sender can be recognised by."""

    channel: str
    key: str
    address: str
    at: datetime
    provider_id: str
    language: str = "en"
    links: list[str] = field(default_factory=list)
    pixel: str = ""
    unsubscribe: str = ""
    return_path: str = ""
    message_id_header: str = ""
    honeypot: str = ""  # the link that no person sees
    template: str = ""  # of WhatsApp
    kind: str = "push"  # of LINE: push or multicast
    is_answer: bool = False  # one person's words to another: nobody clicks in them
    again: list[datetime] = field(default_factory=list)  # when the same was taken once more

    @property
    def times(self) -> list[datetime]:
        """When it was taken, each time."""
        return [self.at, *self.again]

    @property
    def count(self) -> int:
        """How often it was taken: more than once is a duplicate."""
        return len(self.times)


def reactions(seed: int, message: Taken) -> Iterator[tuple[timedelta, str, dict[str, Any]]]:
    """Yield what a person does with a message: delay, act, detail."""
    if message.is_answer:
        if message.channel == "whatsapp":
            yield timedelta(seconds=2), "status", {"status": "sent"}
            yield timedelta(seconds=6), "status", {"status": "delivered"}
        return
    rng = random.Random(f"{seed}:{message.channel}:{message.address}:{message.key}")
    yield from {"whatsapp": _whatsapp, "line": _line, "email": _email}[message.channel](rng, message)


def _hours(rng: random.Random, mean: float) -> timedelta:
    return timedelta(hours=0.05 + rng.expovariate(1 / mean))


def _reply(rng: random.Random, message: Taken) -> dict[str, Any]:
    return {"text": rng.choice(_REPLIES[message.language])}


def _whatsapp(rng: random.Random, message: Taken) -> Iterator[tuple[timedelta, str, dict[str, Any]]]:
    if rng.random() < 0.03:
        yield timedelta(seconds=4), "status", {"status": "failed", "code": 131026}
        return
    yield timedelta(seconds=2), "status", {"status": "sent", "twice": rng.random() < 0.05}
    if rng.random() < 0.97:
        # Some statuses overtake others on their way, as in earnest.
        yield timedelta(seconds=1 if rng.random() < 0.05 else 6), "status", {"status": "delivered"}
        if rng.random() < 0.68:
            read = _hours(rng, 5)
            yield read, "status", {"status": "read", "twice": rng.random() < 0.03}
            if rng.random() < 0.14:
                yield read + timedelta(minutes=3), "reply", _reply(rng, message)
            elif rng.random() < 0.02:
                yield read + timedelta(minutes=1), "reply", {"text": "STOP" if message.language == "en" else "หยุด"}


def _line(rng: random.Random, message: Taken) -> Iterator[tuple[timedelta, str, dict[str, Any]]]:
    looked = _hours(rng, 4)
    if rng.random() < 0.3:
        yield looked, "click", {"link": 0, "agent": AGENTS[0]}
    if rng.random() < 0.12:
        yield looked + timedelta(minutes=4), "reply", _reply(rng, message)
    if rng.random() < 0.02:
        yield looked + timedelta(minutes=9), "unfollow", {}


def _email(rng: random.Random, message: Taken) -> Iterator[tuple[timedelta, str, dict[str, Any]]]:
    hours, status, text = rng.choices(_BOUNCES, (30, 10, 960))[0]
    if status:
        yield timedelta(hours=hours), "bounce", {"status": status, "text": text}
        return
    if rng.random() < 0.1:
        yield timedelta(seconds=2), "scan", {"agent": SCANNER}
    if rng.random() < 0.25:
        yield timedelta(seconds=40), "open", {"agent": APPLE_PROXY}
    if rng.random() < 0.46:
        opened = _hours(rng, 9)
        yield opened, "open", {"agent": rng.choice(AGENTS)}
        if rng.random() < 0.3:
            yield opened + timedelta(minutes=1), "click", {"link": 0, "agent": AGENTS[1]}
        if rng.random() < 0.1:
            yield opened + timedelta(minutes=20), "reply", _reply(rng, message)
        leaving = rng.choices(("unsubscribe", "complain", ""), (25, 5, 970))[0]
        if leaving:
            yield opened + timedelta(minutes=2), leaving, {}
    elif rng.random() < 0.04:
        yield timedelta(minutes=1), "auto_reply", {}

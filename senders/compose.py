"""From a claimed message to what goes out: words, tracked links, the unsubscribe address."""

from dataclasses import dataclass, replace
from functools import cached_property

from markupsafe import escape

from core import tokens
from core.store.ledger import Message
from core.vocabulary import Channel
from senders.contract import Outgoing
from senders.templates import Rendered, Template

_WORDS = {
    "en": {
        "unsubscribe": "Unsubscribe",
        "preferences": "Choose what we send you",
        "why": "You receive this because your company is a customer of BMAsia.",
    },
    "th": {
        "unsubscribe": "ยกเลิกการรับข้อความ",
        "preferences": "เลือกสิ่งที่ต้องการรับ",
        "why": "ท่านได้รับข้อความนี้เนื่องจากบริษัทของท่านเป็นลูกค้าของ BMAsia",
    },
}
_CARD = "max-width:600px;margin:0 auto;background:#fff;border-radius:12px;padding:32px"
_PARAGRAPH = '<p style="margin:0 0 16px">\n'
_BREAK = "<br>\n"
_BETWEEN_PARAGRAPHS = f"</p>\n{_PARAGRAPH}"


@dataclass(frozen=True, kw_only=True)
class Links:
    """Where our own addresses lie and what signs them."""

    public_url: str
    secret: str

    @cached_property
    def in_html(self) -> "Links":
        """The same for an attribute: tokens need no escaping, where we lie may."""
        return replace(self, public_url=str(escape(self.public_url)))

    def attribute(self, address: str) -> str:
        """One of our addresses as it stands in an attribute of HTML."""
        return self.in_html.public_url + address.removeprefix(self.public_url)

    def token(self, kind: str, *parts: str) -> str:
        """What makes an address of ours one that nobody can guess."""
        return tokens.sign(self.secret, kind, *parts)

    def click(self, message_id: str, link_id: str) -> str:
        """The tracked address of a stored destination."""
        return f"{self.public_url}/t/c/{self.token('click', message_id, link_id)}"

    def pixel(self, message_id: str) -> str:
        """The address of the open pixel."""
        return f"{self.public_url}/t/o/{self.token('open', message_id)}.gif"

    def honeypot(self, message_id: str) -> str:
        """The address of the hidden link: who follows it is no person."""
        return f"{self.public_url}/t/h/{self.token('honeypot', message_id)}"

    def unsubscribe(self, message_id: str) -> str:
        """The one-click address (RFC 8058)."""
        return f"{self.public_url}/u/{self.token('unsubscribe', message_id)}"

    def preferences(self, contact_id: str) -> str:
        """The address of the person's preferences."""
        return f"{self.public_url}/p/{self.token('preferences', contact_id)}"


def compose(message: Message, template: Template, links: Links, link_id: str) -> Outgoing:
    """Render one message; ``link_id`` is where its button leads. Raises PermanentError, MissingVariableError."""
    click = links.click(message.message_id, link_id) if template.button else ""
    return dress(template.render(message.variables, click), click, message, template, links)


def dress(words: Rendered, click: str, message: Message, template: Template, links: Links) -> Outgoing:
    """Put around a message's words what goes out with them; ``click`` is the tracked address of its button."""
    button = template.button
    outgoing = Outgoing(
        message_id=message.message_id,
        address=message.address,
        language=message.language,
        campaign_id=message.campaign_id,
        text=words.text,
    )
    if template.is_named:
        outgoing.template_name, outgoing.parameters = template.name, words.parameters
        return outgoing
    if template.is_personal:
        return _personal(outgoing, words.subject, message)
    if button:
        outgoing.text = f"{words.text}\n\n{button['label']}: {click}"
    if template.is_line:
        outgoing.flex = words.flex
        return outgoing
    outgoing.subject, outgoing.unsubscribe_url = words.subject, links.unsubscribe(message.message_id)
    footer = _WORDS[message.language]
    outgoing.text += f"\n\n--\n{footer['why']}\n{footer['unsubscribe']}: {outgoing.unsubscribe_url}"
    foot, end = _foot(message, links.in_html, links.attribute(outgoing.unsubscribe_url))
    if words.html:
        outgoing.html = _with_foot(words.html, f'<div style="{_CARD}">{foot}</div>\n{end}')
    else:
        outgoing.html = _html(
            message.language,
            words.text,
            _button(button["label"], links.attribute(click)) if button else "",
            foot,
            end,
        )
    return outgoing


def _personal(outgoing: Outgoing, subject: str, message: Message) -> Outgoing:
    """Finish one person's answer to another: nothing in it counts opens, and nobody unsubscribes from an answer."""
    if message.channel == Channel.EMAIL:
        outgoing.subject, outgoing.in_reply_to = subject, str(message.variables.get("in_reply_to") or "")
        outgoing.html = _html(message.language, outgoing.text, "", "", "")
    return outgoing


def _with_foot(page: str, foot: str) -> str:
    """Put what every email must have at the end of a page of its own, whatever its author left out."""
    head, end, rest = page.rpartition("</body>")
    return f"{head}{foot}{end}{rest}" if end else page + foot


def _button(label: str, click: str) -> str:
    return (
        f'<p style="margin:8px 0 24px"><a href="{click}"\n style="background:#0f766e;color:#fff;'
        'text-decoration:none;padding:12px 20px;border-radius:8px;display:inline-block">\n'
        f"{escape(label)}</a></p>\n"
    )


def _foot(message: Message, links: Links, unsubscribe: str) -> tuple[str, str]:
    """Return what every email ends with: why it came and how to end it, and what nobody sees.

    ``links`` and ``unsubscribe`` are for HTML.
    Its lines break where a person who reads the source would like them to.
    """
    footer = _WORDS[message.language]
    said = (
        '<p style="margin:24px 0 0;font-size:12px;color:#6b7280;border-top:1px solid #e5e7eb;padding-top:16px">\n'
        f"{footer['why']}<br>\n"
        f'<a href="{links.preferences(message.contact_id)}">\n{footer["preferences"]}</a> ·\n'
        f'<a href="{unsubscribe}">\n{footer["unsubscribe"]}</a></p>'
    )
    hidden = (
        f'<a href="{links.honeypot(message.message_id)}"\n style="display:none" aria-hidden="true" '
        'tabindex="-1"></a>\n'
        f'<img src="{links.pixel(message.message_id)}"\n width="1" height="1" alt="">'
    )
    return said, hidden


def _html(language: str, text: str, button: str, foot: str, end: str) -> str:
    lines = str(escape(text)).replace("\n", _BREAK)  # Markup would escape what is put between the lines
    paragraphs = lines.replace(_BREAK * 2, _BETWEEN_PARAGRAPHS)
    return (
        f'<!doctype html><html lang="{language}"><body style="margin:0;background:#f4f5f7;padding:24px;'
        "font-family:Inter,'Noto Sans Thai',Arial,sans-serif;font-size:16px;line-height:1.55;color:#1f2937\">\n"
        f'<div style="{_CARD}">\n{_PARAGRAPH}{paragraphs}</p>\n{button}{foot}</div>\n{end}</body></html>'
    )

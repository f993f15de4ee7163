"""What is wrong with a template, said while it is written: syntax, variables, and the limits of its channel."""

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import TemplateError, meta

from core.errors import PermanentError
from core.vocabulary import Channel
from senders.templates import Template, environment, utf16_units

_NAME = re.compile(r"[a-z0-9_]+")
_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_OURS = {"button_url"}  # what the sender gives beside the variables
_MEASURES: Mapping[str, Callable[[str], int]] = {
    "characters": len,
    "utf16": utf16_units,
    "bytes": lambda text: len(text.encode()),
}
_UNITS = {
    "characters": ("characters", "ตัวอักษร"),
    "utf16": ("UTF-16 units", "หน่วย UTF-16"),
    "bytes": ("bytes", "ไบต์"),
    "items": ("items", "รายการ"),
}


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What is wrong with one field, in English and Thai; ``limit`` and ``source`` where a channel's limit says so."""

    field: str
    said: str
    said_th: str
    limit: int | None = None
    source: str = ""


@dataclass(frozen=True)
class _Limit:
    channel: str
    field: str
    most: int
    unit: str
    source: str

    def broken_by(self, value: Any) -> Problem | None:
        measured = len(value) if self.unit == "items" else _MEASURES[self.unit](str(value))
        if measured <= self.most:
            return None
        unit, unit_th = _UNITS[self.unit]
        return Problem(
            field=self.field,
            said=f"{self.field} has {measured} {unit}, {self.channel} takes {self.most}",
            said_th=f"{self.field} มี {measured} {unit_th} แต่ {self.channel} รับได้ {self.most}",
            limit=self.most,
            source=self.source,
        )


@cache
def _limits() -> Mapping[tuple[str, str], _Limit]:
    rows = tomllib.loads((Path(__file__).parent / "template_limits.toml").read_text())["limit"]
    return {(row["channel"], row["field"]): _Limit(**row) for row in rows}


def check_template(
    channel: Channel, content: Mapping[str, Any], sample: Mapping[str, Any] | None = None
) -> list[Problem]:
    """Return what is wrong with a template's content for a channel; an empty list: it may be saved.

    With ``sample``, the variables of a person, lengths are those of the filled text; without, what is written counts
    and what a variable brings does not: the sender asks once more for every message.
    """
    found = [*_broken(content), *_unknown_variables(content)]
    if found:
        return found
    filled = content
    if sample is not None:
        try:
            filled = _filled(channel, content, sample)
        except PermanentError as error:
            return [Problem(field="variables", said=str(error), said_th=f"แสดงผลตัวอย่างไม่ได้: {error}")]
    return [*_too_long(channel, filled), *_of_channel(channel, content)]


def _filled(channel: Channel, content: Mapping[str, Any], sample: Mapping[str, Any]) -> dict[str, Any]:
    words = Template(content, channel).render(sample, "https://example.com/t/c/sample")
    given = {"text": words.text, "subject": words.subject, "flex": words.flex}
    return {**content, **{name: value for name, value in given.items() if value}}


def _sources(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for field in ("text", "subject", "html"):
        if field in content:
            yield field, content[field]
    for number, expression in enumerate(content.get("parameters", ()), 1):
        yield f"parameters.{number}", "{{ " + expression + " }}"
    for text in _texts(content.get("flex")):
        yield "flex", text


def _texts(part: Any) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, Mapping | list):
        for each in part.values() if isinstance(part, Mapping) else part:
            yield from _texts(each)


def _broken(content: Mapping[str, Any]) -> Iterator[Problem]:
    for field, source in _sources(content):
        try:
            environment(content["language"]).from_string(source)
        except TemplateError as error:
            yield Problem(field=field, said=f"{field}: {error}", said_th=f"{field} เขียนไม่ถูกต้อง: {error}")
    if not str(content.get("text", "")).strip():
        yield Problem(field="text", said="text is empty", said_th="text ว่างเปล่า")


def _unknown_variables(content: Mapping[str, Any]) -> Iterator[Problem]:
    language = environment(content["language"])
    for field, source in _sources(content):
        try:
            used = meta.find_undeclared_variables(language.parse(source))
        except TemplateError:
            continue  # said already
        for name in sorted(used - set(content["required"]) - _OURS):
            yield Problem(
                field=field,
                said=f"{field} uses {name}, which is not among `required`: a message without it would have a blank",
                said_th=f"{field} ใช้ {name} แต่ไม่ได้อยู่ใน required ข้อความอาจมีช่องว่าง",
            )


def _too_long(channel: Channel, content: Mapping[str, Any]) -> Iterator[Problem]:
    for field, value in _measured(content):
        limit = _limits().get((str(channel), field))
        if limit is not None and (problem := limit.broken_by(value)):
            yield problem


def _measured(content: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for field in ("name", "text", "subject"):
        if field in content:
            yield field, _JINJA.sub("", content[field])
    if flex := content.get("flex"):
        yield "flex.altText", _JINJA.sub("", flex["altText"])
        inner = flex["contents"]
        bubbles = inner.get("contents", []) if inner.get("type") == "carousel" else [inner]
        for bubble in bubbles:
            yield "flex.bubble", json.dumps(bubble, ensure_ascii=False)
        if inner.get("type") == "carousel":
            yield "flex.carousel", json.dumps(inner, ensure_ascii=False)
            yield "flex.carousel.contents", bubbles


def _of_channel(channel: Channel, content: Mapping[str, Any]) -> Iterator[Problem]:
    if channel is Channel.WHATSAPP and not _NAME.fullmatch(content["name"]):
        yield Problem(
            field="name",
            said=f"{content['name']!r} is no name for a WhatsApp template: small letters, digits and _ only",
            said_th="ชื่อเทมเพลต WhatsApp ใช้ได้เฉพาะ a-z 0-9 และ _",
            source="§1.4 [V]",
        )
    if channel is Channel.EMAIL and "\n" in content.get("subject", "").strip():
        yield Problem(field="subject", said="the subject has two lines", said_th="หัวเรื่องต้องมีบรรทัดเดียว")
    yield from _of_links(content)
    if flex := content.get("flex"):
        yield from _of_flex(flex["contents"])


def _of_links(content: Mapping[str, Any]) -> Iterator[Problem]:
    button = content.get("button")
    if button and not str(button["url"]).startswith("https://"):
        yield Problem(field="button", said="the link must begin with https://", said_th="ลิงก์ต้องขึ้นต้นด้วย https://")
    page = content.get("html") or (json.dumps(content["flex"]) if "flex" in content else None)
    if button and page is not None and "button_url" not in page:
        yield Problem(
            field="button",
            said="nothing leads to {{ button_url }}: clicks on this link could not be counted",
            said_th="ไม่มีส่วนใดใช้ {{ button_url }} จึงนับการคลิกไม่ได้",
        )


def _of_flex(contents: Mapping[str, Any]) -> Iterator[Problem]:
    if contents.get("type") not in {"bubble", "carousel"}:
        yield Problem(
            field="flex",
            said="Flex contents are a bubble or a carousel",
            said_th="Flex ต้องเป็น bubble หรือ carousel",
            source="§2.2 [V]",
        )
    for uri in re.findall(r'"(?:uri|url)": "([^"]*)"', json.dumps(contents, ensure_ascii=False)):
        if not uri.startswith(("https://", "{{")) or not uri.isascii():
            yield Problem(
                field="flex",
                said=f"{uri}: addresses are https, and what is not ASCII is percent-encoded",
                said_th=f"{uri}: ลิงก์ต้องเป็น https และเข้ารหัสเปอร์เซ็นต์",
                source="§2.2 [V]",
            )

"""From claimed messages to what goes out: templates and links are looked up once, rendering is per person."""

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from core.errors import PermanentError
from core.store.ledger import Message
from core.store.links import save_link
from core.store.templates import load_template
from core.vocabulary import Channel
from senders.compose import Links, compose
from senders.contract import Outgoing
from senders.forms import Form
from senders.settle import Stopped
from senders.templates import Template

_MOST_KEPT = 1000


class _Kept(NamedTuple):
    """A template, where its button leads, and its email as bytes, if that can be."""

    template: Template
    link_id: str
    form: Form | None


class Preparer:
    """Keeps the templates of the campaigns that are on."""

    def __init__(self, links: Links) -> None:
        self._links = links
        self._templates: dict[tuple[str, str, str, int], _Kept] = {}

    def forget(self) -> None:
        """Look everything up anew: the links of what was rolled back are not in the store."""
        self._templates.clear()

    def prepare(self, connection: sa.Connection, message: Message, now: datetime) -> Outgoing | Stopped:
        """Render one message; a broken template or a missing variable stops that message alone, with the reason."""
        try:
            kept = self._kept(connection, message, now)
            filled = kept.form.fill(message, kept.link_id) if kept.form is not None else None
            return filled or compose(message, kept.template, self._links, kept.link_id)
        except PermanentError as error:
            return Stopped(str(error), is_opt_out=False)

    def _kept(self, connection: sa.Connection, message: Message, now: datetime) -> _Kept:
        key = (message.template_id, message.channel, message.language, message.template_version)
        if (kept := self._templates.get(key)) is not None:
            return kept
        if len(self._templates) >= _MOST_KEPT:
            self._templates.clear()
        template = Template(load_template(connection, *key), Channel(message.channel))
        link_id = save_link(connection, template.button["url"], now) if template.button else ""
        is_email = message.channel == Channel.EMAIL
        form = Form.of(template, message, self._links) if is_email else None
        kept = self._templates[key] = _Kept(template, link_id, form)
        return kept

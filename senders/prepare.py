"""From claimed messages to what goes out: templates and links are looked up once, rendering is per person."""

from datetime import datetime

import sqlalchemy as sa

from core.errors import PermanentError
from core.store.ledger import Message
from core.store.links import save_link
from core.store.templates import load_template
from core.vocabulary import Channel
from senders.compose import Links, compose
from senders.contract import Outgoing
from senders.settle import Stopped
from senders.templates import Template

_MOST_KEPT = 1000


class Preparer:
    """Keeps the templates and links of the campaigns that are on."""

    def __init__(self, links: Links) -> None:
        self._links = links
        self._templates: dict[tuple[str, str, str, int], Template] = {}
        self._link_ids: dict[str, str] = {}

    def prepare(self, connection: sa.Connection, message: Message, now: datetime) -> Outgoing | Stopped:
        """Render one message; a broken template or a missing variable stops that message alone, with the reason."""
        try:
            template = self._template(connection, message)
            link_id = self._link(connection, template.button["url"], now) if template.button else ""
            return compose(message, template, self._links, link_id)
        except PermanentError as error:
            return Stopped(str(error), is_opt_out=False)

    def _template(self, connection: sa.Connection, message: Message) -> Template:
        key = (message.template_id, message.channel, message.language, message.template_version)
        if (kept := self._templates.get(key)) is not None:
            return kept
        if len(self._templates) >= _MOST_KEPT:
            self._templates.clear()
        kept = self._templates[key] = Template(load_template(connection, *key), Channel(message.channel))
        return kept

    def _link(self, connection: sa.Connection, url: str, now: datetime) -> str:
        if url not in self._link_ids:
            if len(self._link_ids) >= _MOST_KEPT:
                self._link_ids.clear()
            self._link_ids[url] = save_link(connection, url, now)
        return self._link_ids[url]

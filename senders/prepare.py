"""From claimed messages to what goes out: templates and links are looked up once, rendering is per person."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.errors import PermanentError
from core.store.ledger import Message
from core.store.links import save_link
from core.store.templates import load_template
from senders.compose import Links, compose
from senders.contract import Outgoing
from senders.settle import Stopped

_MOST_KEPT = 1000


class Preparer:
    """Keeps the templates and links of the campaigns that are on."""

    def __init__(self, links: Links) -> None:
        self._links = links
        self._templates: dict[tuple[str, str, str, int], Mapping[str, Any]] = {}
        self._link_ids: dict[str, str] = {}

    def prepare(self, connection: sa.Connection, message: Message, now: datetime) -> Outgoing | Stopped:
        """Render one message; a broken template or a missing variable stops that message alone, with the reason."""
        try:
            content = self._template(connection, message)
            button = content.get("button")
            link_id = self._link(connection, button["url"], now) if button else ""
            return compose(message, content, self._links, link_id)
        except PermanentError as error:
            return Stopped(str(error), is_opt_out=False)

    def _template(self, connection: sa.Connection, message: Message) -> Mapping[str, Any]:
        key = (message.template_id, message.channel, message.language, message.template_version)
        if key not in self._templates:
            if len(self._templates) >= _MOST_KEPT:
                self._templates.clear()
            self._templates[key] = load_template(connection, *key)
        return self._templates[key]

    def _link(self, connection: sa.Connection, url: str, now: datetime) -> str:
        if url not in self._link_ids:
            if len(self._link_ids) >= _MOST_KEPT:
                self._link_ids.clear()
            self._link_ids[url] = save_link(connection, url, now)
        return self._link_ids[url]

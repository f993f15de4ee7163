"""People at the dashboard without their browsers: each a websocket that asks for pages and hears the script end."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Self

import aiohttp
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetStates

_STREAM = "/_stcore/stream"
_PATIENCE = 120.0
_LARGEST = 64 << 20
Choices = dict[str, tuple[str, str, Sequence[str]]]  # a widget's label → its id, kind and options


class BrokenPageError(Exception):
    """A page showed an error in the place of its numbers."""


class Visitor:
    """One open tab. ``seconds`` is from the request to the script's end, everything it draws received."""

    def __init__(self, http: aiohttp.ClientSession, address: str) -> None:
        self._http, self._address = http, address
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._states: dict[str, tuple[str, Any]] = {}
        self.choices: Choices = {}

    async def __aenter__(self) -> Self:
        """Connect."""
        self._socket = await self._http.ws_connect(
            self._address + _STREAM, protocols=["streamlit"], max_msg_size=_LARGEST
        )
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Close the tab."""
        assert self._socket is not None
        await self._socket.close()

    async def open(self, page: str, parameters: str = "lang=en") -> float:
        """Open a page by its name, widgets at their beginning."""
        self._states, self.choices = {}, {}
        return await self._rerun(page, parameters)

    async def choose(self, page: str, label: str, number: int, parameters: str = "lang=en") -> float:
        """Choose the ``number``th option of a widget, counted on from the end to the beginning and on."""
        widget, kind, options = self.choices[label]
        option = options[number % len(options)]
        self._states[widget] = (kind, [option] if kind == "string_array_value" else option)
        return await self._rerun(page, parameters)

    async def think(self, seconds: float) -> None:
        """Look at the page for so long; what the server says meanwhile is heard."""
        assert self._socket is not None
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, seconds)):
                while True:
                    await self._socket.receive_bytes()

    async def _rerun(self, page: str, parameters: str) -> float:
        assert self._socket is not None
        asked = BackMsg()
        asked.rerun_script.query_string = parameters
        asked.rerun_script.page_name = page
        asked.rerun_script.context_info.timezone = "Asia/Bangkok"
        asked.rerun_script.widget_states.CopyFrom(_states(self._states))
        started = time.perf_counter()
        await self._socket.send_bytes(asked.SerializeToString())
        async with asyncio.timeout(_PATIENCE):
            while True:
                message = ForwardMsg.FromString(await self._socket.receive_bytes())
                kind = message.WhichOneof("type")
                if kind == "delta":
                    self._see(message)
                elif kind == "script_finished":
                    return time.perf_counter() - started

    def _see(self, message: ForwardMsg) -> None:
        element = message.delta.new_element
        what = element.WhichOneof("type")
        if what == "exception" or (what == "alert" and "Reference" in element.alert.body):
            raise BrokenPageError(element.exception.message or element.alert.body)
        if what == "selectbox":
            box = element.selectbox
            self.choices[box.label] = (box.id, "string_value", list(box.options))
        elif what == "button_group":
            group = element.button_group
            self.choices[group.label] = (
                group.id,
                "string_array_value",
                [each.content for each in group.options],
            )


def _states(chosen: Mapping[str, tuple[str, Any]]) -> WidgetStates:
    states = WidgetStates()
    for widget, (kind, value) in chosen.items():
        state = states.widgets.add(id=widget)
        if kind == "string_array_value":
            state.string_array_value.data.extend(value)
        else:
            state.string_value = value
    return states

"""Many rows by one call: what cannot be kept is made harmless, bytes come back as they were, repeats are left alone."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from core.store.inbox import Raw, append_all, rows
from core.store.many import Find, Put
from core.store.tables import links
from core.store.times import json_time

NOW = datetime(2026, 3, 2, 3, 0, 0, 5, tzinfo=UTC)
BODIES = [b"", b"\x00\xff\xfe", '{"text": "หยุด"}'.encode(), b'{"half": "\\ud83d"}', b"\\u0000"]


def test_a_raw_body_comes_back_byte_for_byte_whatever_it_is(store):
    with store.begin() as connection:
        ids = append_all(connection, [Raw("line", str(n), {"a": "b"}, body, NOW) for n, body in enumerate(BODIES)])
        again = append_all(connection, [Raw("line", "1", {}, b"", NOW), Raw("line", "new", {}, b"", NOW)])
        kept = rows(connection, "applied")

    assert None not in ids
    assert [each is None for each in again] == [True, False]
    assert [row["body"] for row in kept] == [*BODIES, b""]
    assert {row["received_at"] for row in kept} == {NOW}


@pytest.mark.parametrize("text", ["half \ud83d an emoji", "a \0 zero"])
def test_what_no_text_can_hold_is_replaced_and_its_neighbours_stay_as_they_are(store, text):
    put = Put("insert into links (link_id, url, created_at) select link_id, url, made from {given} where true",
              link_id="text", url="text", made="time")  # fmt: skip
    with store.begin() as connection:
        made = json_time(connection, NOW)
        put.put(connection, [("a", text, made), ("b", "ชื่อ", made)])
        found = dict(connection.execute(sa.select(links.c.link_id, links.c.url)).all())

    assert found["b"] == "ชื่อ"
    assert found["a"].startswith(text[:2])
    assert not {"\0", "\ud83d"} & set(found["a"])


def test_a_question_about_many_finds_those_there_are(store):
    with store.begin() as connection:
        values = [{"link_id": name, "url": f"http://{name}", "created_at": NOW} for name in ("a", "b", "c")]
        connection.execute(sa.insert(links), values)
        ask = Find("select links.url from {given} inner join links on links.link_id = given.link_id", "link_id")
        found = ask.find(connection, [("a",), ("c",), ("none",)])

    assert sorted(url for (url,) in found) == ["http://a", "http://c"]

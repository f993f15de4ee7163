"""Export: whole files, the same for the same version, by day where a table grows by what happens."""

import fcntl
import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from core.errors import PermanentError, TransientError
from tests.warehouse.conftest import add
from warehouse.build import build
from warehouse.catalog import read_models
from warehouse.export import MANIFEST, Wish, Written, export
from warehouse.publish import Version, publish

_SECRETS = ("ann.secret@example.com", "call +66812345678")


def _event(connection: duckdb.DuckDBPyConnection, event_id: str, at: datetime) -> None:
    detail = json.dumps({"text": _SECRETS[1]})
    row = {"event_id": event_id, "channel": "line", "event_type": "replied", "occurred_at": at, "detail": detail}
    add(connection, "journal__events", row)


@pytest.fixture
def version(warehouse: duckdb.DuckDBPyConnection, now: datetime, tmp_path: Path) -> Version:
    """One contact, and events on two days in UTC; the later two are a second apart around midnight in UTC."""
    contact = {"id": "p1", "company": "c1", "name": "Ann", "email": _SECRETS[0], "is_active": True}
    add(warehouse, "crm__contacts", {**contact, "_is_deleted": False})
    midnight = datetime(2026, 3, 2, tzinfo=now.tzinfo)
    for event_id, at in (("e3", midnight), ("e2", midnight - timedelta(seconds=1)), ("e1", now - timedelta(days=1))):
        _event(warehouse, event_id, at)
    return _publish(warehouse, now, tmp_path)


def _publish(connection: duckdb.DuckDBPyConnection, now: datetime, tmp_path: Path) -> Version:
    build(connection, now=now)
    return publish(connection, tmp_path / "serve", now)


def _bytes(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _rows(files: Path | str) -> list[tuple[Any, ...]]:
    return duckdb.connect().execute("select event_id, day from read_parquet($1)", [str(files)]).fetchall()


def test_a_table_that_grows_is_divided_by_day_in_utc_and_readers_see_the_day(version: Version, tmp_path: Path) -> None:
    written = export(version, tmp_path / "out", Wish(tables=("marts.message_events",)))

    assert [(each.path, each.day, each.rows) for each in written] == [
        ("message_events/day=2026-03-01/data.parquet", date(2026, 3, 1), 2),
        ("message_events/day=2026-03-02/data.parquet", date(2026, 3, 2), 1),
    ]
    assert [each.size_bytes for each in written] == [(tmp_path / "out" / each.path).stat().st_size for each in written]
    assert _rows(tmp_path / "out" / "message_events/*/*.parquet") == [
        ("e1", date(2026, 3, 1)),
        ("e2", date(2026, 3, 1)),
        ("e3", date(2026, 3, 2)),
    ]


def test_without_a_wish_every_published_table_is_written_and_the_manifest_names_every_file(
    version: Version, tmp_path: Path
) -> None:
    heard: list[tuple[int, int, str]] = []
    written = export(version, tmp_path / "out", Wish(), on_file=lambda *each: heard.append(each))

    tables = {str(model.address) for model in read_models() if model.address.layer == "marts" and not model.is_private}
    assert {each.table for each in written} == tables - {"marts.messages", "marts.decisions"}  # no rows: no day
    manifest = json.loads((tmp_path / "out" / MANIFEST).read_text())
    assert [each["path"] for each in manifest["files"]] == [each.path for each in written]
    assert heard == [(number, len(written), each.path) for number, each in enumerate(written, start=1)]


@pytest.mark.parametrize("file_format", ["parquet", "csv"])
def test_the_same_version_gives_the_same_bytes_and_nothing_half_stays(
    version: Version, tmp_path: Path, file_format: str
) -> None:
    folder, again = tmp_path / "out", tmp_path / "again"
    again.mkdir()
    (again / "gone.partial").write_text("of an export that was killed")
    for each in (folder, again, again):
        export(version, each, Wish(file_format=file_format))

    assert _bytes(folder) == _bytes(again)


def test_rows_lie_in_the_order_of_the_key_whatever_order_they_were_built_in(
    warehouse: duckdb.DuckDBPyConnection, version: Version, now: datetime, tmp_path: Path
) -> None:
    for contact_id in ("p9", "p0", "p5"):
        copied = "insert into marts.contacts select * replace ($1 as contact_id) from marts.contacts limit 1"
        warehouse.execute(copied, [contact_id])
    (written,) = export(publish(warehouse, tmp_path / "serve", now), tmp_path, Wish(tables=("contacts",)))

    found = duckdb.connect().execute("select contact_id from read_parquet($1)", [str(tmp_path / written.path)])
    assert [name for (name,) in found.fetchall()] == ["p0", "p1", "p5", "p9"]


def test_contact_details_leave_only_when_asked_for(version: Version, tmp_path: Path) -> None:
    export(version, tmp_path / "masked", Wish(file_format="csv"))
    export(version, tmp_path / "full", Wish(file_format="csv", with_contact_details=True))
    masked, full = (b"".join(_bytes(tmp_path / name).values()).decode() for name in ("masked", "full"))

    assert [secret for secret in _SECRETS if secret in masked] == []
    assert [secret for secret in _SECRETS if secret not in full] == []


def test_since_leaves_earlier_days_as_they_are_and_days_without_rows_go(
    warehouse: duckdb.DuckDBPyConnection, version: Version, now: datetime, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    wish = Wish(tables=("message_events",), since=date(2026, 3, 2))
    export(version, folder, Wish(tables=("message_events",)))
    warehouse.execute("delete from raw.journal__events where event_id <> 'e1'")
    _event(warehouse, "e4", now + timedelta(days=1))
    later = _publish(warehouse, now + timedelta(days=1), tmp_path)

    written = export(later, folder, wish)
    assert [each.path for each in written] == ["message_events/day=2026-03-03/data.parquet"]
    assert [event for event, _ in _rows(folder / "message_events/*/*.parquet")] == ["e1", "e2", "e4"]
    export(later, folder, Wish(tables=("message_events",)))
    assert [event for event, _ in _rows(folder / "message_events/*/*.parquet")] == ["e1", "e4"]


def test_a_write_that_fails_leaves_the_file_before_it(
    warehouse: duckdb.DuckDBPyConnection,
    version: Version,
    now: datetime,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder, wish = tmp_path / "out", Wish(tables=("contacts",))
    export(version, folder, wish)
    before = _bytes(folder)
    warehouse.execute("update raw.crm__contacts set name = 'Bea'")
    later = _publish(warehouse, now, tmp_path)

    def die(_: int) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("warehouse.export.os.fsync", die)
        with pytest.raises(OSError, match="full"):
            export(later, folder, wish)
    assert {name: body for name, body in _bytes(folder).items() if not name.endswith(".partial")} == before
    export(later, folder, wish)
    assert _bytes(folder).keys() == before.keys()
    assert _bytes(folder)["contacts.parquet"] != before["contacts.parquet"]


def test_one_folder_does_not_mix_files_with_and_without_contact_details(version: Version, tmp_path: Path) -> None:
    export(version, tmp_path / "out", Wish(tables=("contacts",), with_contact_details=True))

    with pytest.raises(PermanentError, match="with contact details: choose another"):
        export(version, tmp_path / "out", Wish(tables=("messages",)))


def test_two_exports_do_not_write_into_one_folder(version: Version, tmp_path: Path) -> None:
    with (tmp_path / ".export.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        with pytest.raises(TransientError, match="another export"):
            export(version, tmp_path, Wish())


@pytest.mark.parametrize(
    ("wish", "says"),
    [(Wish(tables=("mesages",)), "there are campaign_lift"), (Wish(file_format="xlsx"), "say parquet or csv")],
)
def test_a_wish_that_cannot_be_met_is_named_with_what_there_is(
    version: Version, tmp_path: Path, wish: Wish, says: str
) -> None:
    with pytest.raises(PermanentError, match=says):
        export(version, tmp_path / "out", wish)
    assert not (tmp_path / "out").exists()


def test_a_table_is_divided_by_a_time_that_is_never_null() -> None:
    divided = {model.address.table: model.partition for model in read_models() if model.partition}

    assert divided == {"message_events": "occurred_at", "messages": "planned_at", "decisions": "decided_at"}
    assert all(model.partition in model.not_null for model in read_models() if model.partition)
    assert all(model.unique for model in read_models() if model.address.layer == "marts" and not model.is_private)


def test_what_was_written_is_named_from_the_folder(version: Version, tmp_path: Path) -> None:
    (written,) = export(version, tmp_path / "out", Wish(tables=("contacts",)))

    assert written == Written(
        "contacts.parquet", "marts.contacts", None, 1, (tmp_path / "out" / "contacts.parquet").stat().st_size
    )

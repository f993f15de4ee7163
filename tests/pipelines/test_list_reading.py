"""Files as people save them: every encoding, separator and habit of Excel is read as a person would read it."""

import csv
import io
from datetime import date
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import PermanentError
from pipelines import files
from pipelines.files import people, rejects, text
from pipelines.files.mapping import wish_of

HEADER = ["อีเมล", "เบอร์โทร", "ชื่อ-นามสกุล", "บริษัท", "Booth"]
ANN = ["Ann@Hotel.example", "081 234 5678", "อัญชลี ใจดี", "โรงแรมบัว", "A-12"]


def _csv(path: Path, *rows: list[str], encoding: str = "utf-8", separator: str = ",") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=separator).writerows(rows)
    return path


def _preview(path, now, **wish):
    return files.preview(path, wish_of(wish), now=now)


def _workbook(path, fill):
    book = xlsxwriter.Workbook(str(path))
    fill(book, book.add_worksheet("Visitors"))
    book.close()
    return path


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp874", "utf-16-le"])
def test_every_encoding_and_separator_reads_the_same(tmp_path, now, encoding, separator):
    found = _preview(_csv(tmp_path / "list.csv", HEADER, ANN, encoding=encoding, separator=separator), now)

    assert (found.encoding, found.separator, found.header_line) == (encoding, separator, 1)
    assert found.left_over == ["Booth"]
    row = found.rows[0]
    assert (row["email"], row["mobile"], row["name"], row["company_name"], row["attributes"]) == (
        "ann@hotel.example",
        "+66812345678",
        "อัญชลี ใจดี",
        "โรงแรมบัว",
        '{"Booth": "A-12"}',
    )


def test_western_accents_are_not_taken_for_thai(tmp_path, now):
    found = _preview(_csv(tmp_path / "l.csv", ["Email", "Name"], ["a@x.example", "José Núñez"], encoding="cp1252"), now)

    assert found.rows[0]["name"] == "José Núñez"


def test_excels_separator_line_and_titles_above_the_header_are_passed_over(tmp_path, now):
    path = tmp_path / "list.csv"
    path.write_text(
        'sep=;\r\n"Visitors, Food Expo, 2026";;\r\n;;\r\nEmail;Tel.;Email\r\na@x.example;0812345678;b@x.example'
    )

    found = _preview(path, now)

    assert (found.header_line, found.mapping) == (4, {"email": "Email", "mobile": "Tel."})
    assert found.left_over == ["Email (2)"]
    assert found.rows[0]["line_number"] == 5


def test_a_workbook_is_read_as_excel_shows_it(tmp_path, now):
    def fill(book, sheet):
        sheet.merge_range("B2:F2", "Food Expo 2026", book.add_format())
        sheet.write_row("B4", ["Email", "Mobile", "Company", "Visited", "Score"])
        sheet.write_row("B5", ["ann@x.example", 66812345678])
        sheet.merge_range("D5:D7", "Lotus Bay", book.add_format())
        sheet.write_datetime("E5", date(2026, 2, 1), book.add_format({"num_format": "dd/mm/yyyy"}))
        sheet.write_row("B7", ["bob@x.example", 812345679])
        sheet.write_formula("F7", "=40+2", None, 42)

    found = _preview(_workbook(tmp_path / "list.xlsx", fill), now)

    assert (found.sheet, found.header_line) == ("Visitors", 4)
    assert [
        (row["line_number"], row["email"], row["mobile"], row["company_name"], row["attributes"]) for row in found.rows
    ] == [
        (5, "ann@x.example", "+66812345678", "Lotus Bay", '{"Visited": "2026-02-01"}'),
        (7, "bob@x.example", "+66812345679", "Lotus Bay", '{"Score": "42"}'),
    ]
    assert found.reasons == {"no email, mobile number or LINE user id": 1}  # line 6 holds the merged company only


def test_hidden_and_empty_sheets_are_passed_over_and_one_may_be_named(tmp_path, now):
    def fill(book, empty):
        hidden, second = book.add_worksheet("Old"), book.add_worksheet("New")
        for sheet, name in ((hidden, "old"), (second, "new")):
            sheet.write_column("A1", ["Email", f"{name}@x.example"])
        hidden.hide()

    path = _workbook(tmp_path / "list.xlsx", fill)

    assert _preview(path, now).rows[0]["email"] == "new@x.example"
    assert _preview(path, now, sheet="Old").rows[0]["email"] == "old@x.example"
    with pytest.raises(PermanentError, match="there are Visitors, Old, New"):
        _preview(path, now, sheet="Nwe")


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("66812345678.0", "+66812345678"),
        ("812345678", "+66812345678"),
        ("6.6812345678E+10", "+66812345678"),
        ("6.68123E+10", None),
        ("'+66 81-234-5678", "+66812345678"),
        ("0066812345678", "+66812345678"),
        ("๐๘๑ ๒๓๔ ๕๖๗๘", "+66812345678"),
        ("\u200e081\u00a0234\u00a05678", "+66812345678"),
        ("+65 9123 4567", "+6591234567"),
        ("N/A", None),
        ("-", None),
    ],
)
def test_a_number_that_excel_or_a_person_bent_is_taken_back_where_no_digit_is_lost(typed, number):
    assert people.mobile(people.clean(typed), "Thailand") == number


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("2026-03-01", date(2026, 3, 1)),
        ("1/3/2026", date(2026, 3, 1)),
        ("01-03-2569", date(2026, 3, 1)),
        ("๑/๓/๒๕๖๙", date(2026, 3, 1)),
        ("2026-03-01T09:30:00", date(2026, 3, 1)),
        ("soon", None),
        ("31/02/2026", None),
    ],
)
def test_days_are_read_day_first_in_both_eras(typed, read):
    assert people.day(typed) == read


def test_rows_are_people_duplicates_or_rejects_each_with_its_reason(tmp_path, now):
    path = _csv(
        tmp_path / "list.csv",
        ["Email", "Phone", "Name"],
        ["ann@x.example", "081 234 5678", "Ann"],
        ["", "", "  "],
        [" ANN@x.example ", "", "Ann again"],
        ["", "66812345678", "Ann by phone"],
        ["reception", "", "Bob"],
        ["a@x.example; b@x.example", "", "Two"],
        ["", "6.68E+10", "Cut"],
        ["cy@x.example", "no phone", "Cy"],
        ["dee@x.example", "", "Dee", "loose"],
    )

    found = _preview(path, now)

    assert (found.row_count, found.accepted_count, found.rejected_count, found.duplicate_count) == (8, 2, 4, 2)
    assert [(row["name"], row["mobile"], row["mobile_as_typed"]) for row in found.rows] == [
        ("Ann", "+66812345678", "081 234 5678"),
        ("Cy", None, "no phone"),
    ]
    assert found.reasons == {
        "the same person as in an earlier line": 2,
        "the email could not be written to": 1,
        "more than one email in the cell": 1,
        "Excel cut digits off the mobile number: format the column as text and type it again": 1,
        "more cells than the header has: a separator inside a value without quotes?": 1,
    }


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty"),
        (b"\n\n;;\n", "the file is empty"),
        (b"a@x.example\nb@x.example\n", "line 1 is a contact, not a header"),
        (b"who,where\nAnn,here\n", "no column looks like an email.*who, where"),
        (b'email,name\na@x.example,"Ann\nb@x.example,Bob\n', "from line 2: .*quotation mark"),
        (b"PK\x03\x04 half a workbook", "is broken and cannot be read"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + b"old", "save it as .xlsx"),
        (b"email,name\na@x.example,\x81\x8d\xfd\n", "no known encoding"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_to_do(tmp_path, now, content, says):
    path = tmp_path / "list.csv"
    path.write_bytes(content)

    with pytest.raises(PermanentError, match=says):
        _preview(path, now)


def test_columns_are_mapped_as_told_and_one_can_be_left_out(tmp_path, now):
    path = _csv(tmp_path / "l.csv", ["Kontakt", "Email"], ["ann@x.example", "private@x.example"])

    assert _preview(path, now, columns={"Kontakt": "email"}).rows[0]["email"] == "ann@x.example"
    assert _preview(path, now, columns={"Kontakt": "email", "Email": ""}).mapping == {"email": "Kontakt"}
    for wrong, says in (({"Mail": "email"}, "there is no column Mail"), ({"Email": "mail"}, "no such field: mail")):
        with pytest.raises(PermanentError, match=says):
            _preview(path, now, columns=wrong)


def test_consent_needs_purpose_evidence_and_a_day_that_is_not_to_come(tmp_path, now):
    path = _csv(tmp_path / "l.csv", ["Email", "ยินยอม"], ["a@x.example", "ใช่"], ["b@x.example", "ไม่"])
    given = {"purposes": ["seasonal"], "evidence": "form at our booth", "given_at": "2026-03-01"}

    assert [row["has_consent"] for row in _preview(path, now).rows] == [False, False]
    assert [row["has_consent"] for row in _preview(path, now, consent=given).rows] == [True, False]
    for wrong, says in (
        ({"evidence": ""}, "what shows it"),
        ({"given_at": None}, "say when consent was given"),
        ({"given_at": "2026-03-03"}, "still to come"),
        ({"purposes": ["spam"]}, "purposes"),
    ):
        with pytest.raises(PermanentError, match=says):
            _preview(path, now, consent=given | wrong)


def test_a_row_may_say_itself_when_it_agreed(tmp_path, now):
    days = ["01/02/2569", "unknown", "05/03/2026", ""]
    rows = [[f"p{number}@x.example", day] for number, day in enumerate(days)]
    path = _csv(tmp_path / "l.csv", ["Email", "Consent date"], *rows)

    found = _preview(path, now, consent={"purposes": ["seasonal"], "evidence": "form"})

    assert [row["consent_at"] for row in found.rows] == [date(2026, 2, 1), None, None, None]


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
TABLES = st.integers(2, 4).flatmap(
    lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=6)
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=TABLES, separator=st.sampled_from(text.SEPARATORS), encoding=st.sampled_from(["utf-8-sig", "utf-16"]))
def test_any_table_of_text_survives_the_way_through_csv(tmp_path, table, separator, encoding):
    path = _csv(tmp_path / "list.csv", *table, encoding=encoding, separator=separator)

    assert text.find_encoding(path) == encoding
    assert [cells for _, cells in text.rows(path, encoding, separator)] == [
        row for row in table if any(cell.strip() for cell in row)
    ]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(CELLS | st.sampled_from(["a@x.example", "081 234 5678"]), min_size=3, max_size=4)))
def test_people_duplicates_and_rejects_together_are_the_rows(tmp_path, now, rows):
    path = _csv(tmp_path / "list.csv", ["Email", "Mobile", "Name"], *rows, encoding="utf-8-sig")

    found = _preview(path, now)

    assert found.accepted_count + found.rejected_count + found.duplicate_count == found.row_count
    assert found.row_count == sum(any(cell.strip() for cell in row) for row in rows)


@given(cell=CELLS)
def test_no_cell_of_a_rejects_file_runs_as_a_formula_and_none_loses_its_text(cell):
    safe = rejects.defused(cell)

    assert not safe.lstrip().startswith(("=", "+", "-", "@"))
    assert safe in {cell, f"'{cell}"}
    assert next(csv.reader(io.StringIO(f'"{safe.replace(chr(34), chr(34) * 2)}"', newline=""))) == [safe]

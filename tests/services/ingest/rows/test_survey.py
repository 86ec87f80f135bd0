"""What is said of a table before it is added; nothing is stored."""

from __future__ import annotations

import pytest

from services.errors import InvalidInput, ParseFailed, TooLarge, UnsupportedType
from services.ingest.documents import DocumentFilter, list_documents
from services.ingest.rows.options import RowOptions
from services.ingest.rows.preview import survey
from services.ingest.rows.submit import submit_rows
from services.ingest.types import RawDocument
from services.scope import Scope
from services.settings import Settings
from tests.services.ingest.rows.tables import story, table

ROWS = [story(number) for number in range(12)]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"max_table_rows": 50})


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_delimiter_encoding_and_columns_are_found(scope: Scope, delimiter: str, encoding: str) -> None:
    found = survey(scope, table(ROWS, delimiter=delimiter, encoding=encoding), RowOptions())
    plan = found.plan
    assert (plan.delimiter, plan.has_header, plan.title, plan.text, plan.date, plan.url) == (
        delimiter,
        True,
        0,
        (1,),
        2,
        3,
    )
    assert (found.row_count, found.is_complete, found.by_rows, found.warnings) == (12, True, True, [])
    first = found.records[0]
    assert (first.title, first.url) == (ROWS[0][0], ROWS[0][3])
    assert first.text.startswith("The council of town 0 spoke of")
    assert first.published_at is not None
    assert first.published_at.day == 1
    assert list_documents(scope, DocumentFilter())[1] == 0


def test_an_old_encoding_is_found_and_can_be_chosen(scope: Scope) -> None:
    rows = [
        (
            f"Größte Brücke Nr. {n}",
            f"Über die Brücke Nr. {n} fährt täglich das Gemüse der Höfe, sagt der Müller. " * 3,
            "",
            "",
        )
        for n in range(5)
    ]
    raw = table(rows, encoding="cp1252")
    assert survey(scope, raw, RowOptions()).records[0].title == "Größte Brücke Nr. 0"
    wrong = survey(scope, raw, RowOptions(encoding="cp1251")).records[0].title
    assert wrong == "Größte Brücke Nr. 0".encode("cp1252").decode("cp1251", "replace")


def test_without_a_header_columns_have_numbers(scope: Scope) -> None:
    found = survey(scope, table(ROWS, header=()), RowOptions())
    assert (found.plan.has_header, found.row_count, [column.name for column in found.columns]) == (False, 12, [""] * 4)
    assert (found.plan.title, found.plan.text, found.plan.date, found.plan.url) == (0, (1,), 2, 3)
    forced = survey(scope, table(ROWS, header=()), RowOptions(has_header=True))
    assert (forced.row_count, forced.columns[0].name) == (11, ROWS[0][0])


def test_a_table_of_numbers_is_likely_a_sheet(scope: Scope) -> None:
    found = survey(
        scope,
        table([(f"Town {n}", str(n * 100), "4") for n in range(9)], header=("town", "people", "bridges")),
        RowOptions(),
    )
    assert (found.by_rows, found.plan.text) == (False, ())
    with pytest.raises(InvalidInput, match="one document") as refused:
        submit_rows(scope, table([("Town", "1", "2")] * 3, header=("town", "people", "bridges")), RowOptions())
    assert refused.value.errors[0].pointer == "/options/columns/text"


def test_what_is_odd_is_counted_with_its_first_row(scope: Scope) -> None:
    rows = [
        ("One", "text one", "03/04/2024", "https://a.example/1"),
        ("Two", "", "03/04/2024", "not an address"),
        ("Three", "text three", "someday", ""),
        ("Four", "text four", "05/06/2024", "", "and more"),
    ]
    found = survey(scope, table(rows), RowOptions())
    chosen = RowOptions(columns={"text": "body", "date": "published", "url": "link"})
    found = survey(scope, table(rows), chosen)
    warned = {each.code: (each.count, each.row, each.value) for each in found.warnings}
    assert warned == {
        "ambiguous_date": (3, 1, "03/04/2024"),
        "no_text": (1, 2, ""),
        "no_url": (1, 2, "not an address"),
        "no_date": (1, 3, "someday"),
        "ragged": (1, 4, "5 cells"),
    }


def test_the_order_of_dates_is_told_by_those_that_can_be_read_one_way(scope: Scope) -> None:
    rows = [(*story(n)[:2], value, "") for n, value in enumerate(("03/04/2024", "03/13/2024", "05/06/2024"))]
    found = survey(scope, table(rows), RowOptions())
    assert (found.plan.day_first, found.warnings) == (False, [])
    assert survey(scope, table(rows), RowOptions(day_first=True)).plan.day_first


@pytest.mark.parametrize("given", ["Headlin", 9, 0, "headline\0", "x" * 300])
def test_a_column_that_is_not_there_is_named(scope: Scope, given: str | int) -> None:
    with pytest.raises(InvalidInput) as refused:
        submit_rows(scope, table(ROWS), RowOptions(columns={"title": given, "text": "body"}))
    [wrong] = refused.value.errors
    assert wrong.pointer == "/options/columns/title"
    assert ("headline, body" in wrong.reason) == isinstance(given, str)


def test_more_rows_than_may_be_are_refused_before_the_first_is_stored(scope: Scope) -> None:
    raw = table([story(n) for n in range(51)])
    found = survey(scope, raw, RowOptions())
    assert (found.row_count, found.is_complete) == (50, False)
    with pytest.raises(TooLarge, match="50 rows"):
        submit_rows(scope, raw, RowOptions())
    assert list_documents(scope, DocumentFilter())[1] == 0


def test_what_is_no_table_is_refused(scope: Scope) -> None:
    with pytest.raises(UnsupportedType, match="no table"):
        survey(scope, RawDocument(b"%PDF-1.7 ...", filename="a.csv"), RowOptions())


def test_what_cannot_be_read_to_its_end_says_where_and_why(scope: Scope) -> None:
    wide = table(ROWS).content + b"," * 20_000 + b"x\n"
    found = survey(scope, RawDocument(wide, filename="a.csv"), RowOptions())
    assert (found.row_count, found.is_complete) == (12, False)
    assert "10,000 columns" in found.problem


def test_what_holds_no_characters_is_refused(scope: Scope) -> None:
    with pytest.raises((ParseFailed, UnsupportedType)):
        survey(scope, RawDocument(b"\0" * 90 + b"\1" * 9, filename="a.csv"), RowOptions())

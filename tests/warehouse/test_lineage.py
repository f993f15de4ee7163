"""Lineage: every number comes down to columns that a load brought, and says which."""

from pathlib import Path

import pytest

import dashboard
from core.errors import PermanentError
from pipelines.crm.tables import TABLES as CRM
from pipelines.journal.source import TABLES as JOURNAL
from pipelines.providers.tables import TABLES as PROVIDERS
from warehouse.catalog import Model, read_models
from warehouse.lineage import CONSTANT, NOW, Source, of_metric, of_model, of_query, origins
from warehouse.measure import read_metrics

QUESTIONS = sorted((Path(dashboard.__file__).parent / "queries").glob("*.sql"))
LOADED = {**CRM, **JOURNAL, **PROVIDERS}
# Columns of which nothing is loaded: written in the SQL, the build's time, or still empty.
MADE_HERE = {
    "marts._countries.country",
    "marts._countries.country_spelling",
    "marts._countries.language",
    "marts._countries.time_zone",
    "marts._list_people.matched_by",
    "marts._promised_ages.expected_within",
    "marts._promised_ages.is_decided_on",
    "marts._promised_ages.promise",
    "marts._promised_ages.source_pattern",
    "marts.companies.time_zone",
    "marts.contacts.time_zone",
    "marts._conversions.conversion",
    "marts.conversion_goals.conversion",
    "marts.conversion_goals.days",
    "marts.conversion_goals.definition",
    "marts.conversion_goals.is_of_company",
    "marts.conversion_goals.subject_type",
    "marts.contact_duplicates.channel",
    "marts.contact_list_members.matched_by",
    "marts.crm_feedback.kind",
    "marts.freshness.built_at",
    "marts.freshness.expected_within",
    "marts.freshness.is_decided_on",
    "marts.freshness.promise",
    "marts.holidays.countries",
    "marts.holidays.holiday",
    "marts.holidays.holiday_date",
    "marts.holidays.season",
    "marts.holidays.send_date",
    "marts.message_events.classifier_version",
}


def _is_known(origin: Source) -> bool:
    """Say whether an origin is there: what pipelines load has columns that they name."""
    if not origin.table:
        return origin.column in {NOW, CONSTANT}
    table = origin.table.removeprefix("raw.")
    return origin.table.startswith("raw.") and (table not in LOADED or origin.column in {*LOADED[table], "*"})


@pytest.mark.parametrize("model", read_models(), ids=lambda model: str(model.address))
def test_every_column_comes_down_to_a_loaded_column(model: Model) -> None:
    assert of_model(str(model.address)).keys() == model.columns.keys()
    for column in model.columns:
        found = origins(Source(str(model.address), column))
        assert all(map(_is_known, found)), (column, found)
        is_loaded = any(origin.table for origin in found)
        assert is_loaded != (f"{model.address}.{column}" in MADE_HERE), (column, found)


@pytest.mark.parametrize("model", read_models(), ids=lambda model: str(model.address))
def test_a_columns_sources_are_tables_the_model_says_it_reads(model: Model) -> None:
    read = {source.table for sources in of_model(str(model.address)).values() for source in sources if source.table}

    assert read <= set(map(str, model.depends))


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda path: path.stem)
def test_every_number_on_the_dashboard_comes_down_to_a_known_column(question: Path) -> None:
    made_of = of_query(question.read_text())

    assert made_of
    for sources in made_of.values():
        assert all(_is_known(origin) for source in sources for origin in origins(source))


@pytest.mark.parametrize("name", read_metrics())
def test_every_metric_comes_down_to_a_loaded_column(name: str) -> None:
    for column, sources in of_metric(name).items():
        assert any(origin.table for source in sources for origin in origins(source)), column


@pytest.mark.parametrize(
    ("sql", "made_of"),
    [
        ("select name from marts.zones", {"marts.zones.name"}),
        ("select z.name || c.name as name from marts.zones as z join marts.companies as c using (company_id)",
         {"marts.zones.name", "marts.companies.name"}),
        ("with a as (select * from marts.zones) select name from a", {"marts.zones.name"}),
        ("select name from marts.zones union all select city from marts.companies",
         {"marts.zones.name", "marts.companies.city"}),
        ("with a as (select zone_id from marts.zones) select count(*) as name from a", {"marts.zones.zone_id"}),
        ("select (select max(c.name) from marts.companies as c) as name from marts.zones", {"marts.companies.name"}),
        ("select list_filter(consents, lambda each: each is not null) as name from marts.contacts",
         {"marts.contacts.consents"}),
        ("select getvariable('now') as name", {NOW}),
        ("select 1 as name", {CONSTANT}),
    ],
)  # fmt: skip
def test_lineage_follows_what_a_value_is_made_of(sql: str, made_of: set[str]) -> None:
    assert {str(source) for source in of_query(sql)["name"]} == made_of


def test_a_name_that_could_be_of_two_tables_is_refused() -> None:
    with pytest.raises(PermanentError, match="say from which table"):
        of_query("select nowhere as name from marts.zones as a, marts.companies as b")

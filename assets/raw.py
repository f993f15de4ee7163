"""Raw tables: what the CRM and the store hold, loaded as it is."""

from collections.abc import Iterator

import dagster as dg

from assets.columns import loaded_columns
from assets.resources import WRITES_WAREHOUSE, Installation
from pipelines.crm.tables import TABLES as CRM_TABLES
from pipelines.files.tables import TABLES as FILE_TABLES
from pipelines.journal import judgements
from pipelines.journal.source import TABLES as STORE_TABLES
from pipelines.providers import prices
from pipelines.providers.tables import TABLES as PROVIDER_TABLES

JOURNAL_TABLES = {**STORE_TABLES, judgements.TABLE: judgements.COLUMNS}

CRM = dg.AssetSpec(["source", "crm"], group_name="sources", description="BMAsia's CRM, over its REST and /mcp/ doors.")
STORE = dg.AssetSpec(
    ["source", "store"],
    group_name="sources",
    description="Our own store: webhooks, events, the message ledger. Written by the gateway and the worker.",
)

PROVIDERS = dg.AssetSpec(
    ["source", "providers"], group_name="sources", description="WhatsApp's and LINE's own counts of what they took."
)

FILES = dg.AssetSpec(
    ["source", "files"],
    group_name="sources",
    description="Contact lists from CSV and XLSX, imported by people with `bma sync files`.",
)


def _specs(source: str, tables: list[str], upstream: dg.AssetSpec) -> list[dg.AssetSpec]:
    return [
        dg.AssetSpec(["raw", table], deps=[upstream.key], group_name=source, kinds={"dlt", "duckdb"})
        for table in tables
    ]


# Nothing here loads them: a person decides when.
LISTS = [
    spec.replace_attributes(description="Contact lists, by `bma sync files`: a version stands whole or not at all.")
    for spec in _specs("files", sorted(FILE_TABLES), FILES)
]

# The price list is taken in by each build.
PRICES = _specs("providers", [prices.TABLE], PROVIDERS)[0].replace_attributes(
    description="What providers ask for a message, from the user's prices.toml."
)


class CrmLoad(dg.Config):
    """How much of the CRM to read."""

    mode: str = "incremental"


@dg.multi_asset(name="load_crm", specs=_specs("crm", sorted(CRM_TABLES), CRM), pool=WRITES_WAREHOUSE)
def load_crm(config: CrmLoad, installation: Installation) -> Iterator[dg.MaterializeResult]:
    """Load every CRM table in one transaction; on any error the last good data stay."""
    report = installation.steps.sync_crm(config.mode)
    for table in sorted(CRM_TABLES):
        columns = loaded_columns(table, CRM_TABLES[table], CRM.key)
        metadata = {"rows": report.rows.get(table, 0), **columns}
        yield dg.MaterializeResult(asset_key=["raw", table], metadata=metadata)


@dg.multi_asset(name="load_journal", specs=_specs("journal", sorted(JOURNAL_TABLES), STORE), pool=WRITES_WAREHOUSE)
def load_journal(installation: Installation) -> Iterator[dg.MaterializeResult]:
    """Load what the store has recorded since the last time, and judge what people wrote."""
    report = installation.steps.sync_journal()
    rows = {**report.rows, judgements.TABLE: report.judged}
    for table in sorted(JOURNAL_TABLES):
        columns = loaded_columns(table, JOURNAL_TABLES[table], STORE.key)
        metadata = {"rows": rows.get(table, 0), **columns}
        yield dg.MaterializeResult(asset_key=["raw", table], metadata=metadata)


@dg.multi_asset(
    name="load_providers", specs=_specs("providers", sorted(PROVIDER_TABLES), PROVIDERS), pool=WRITES_WAREHOUSE
)
def load_providers(installation: Installation) -> Iterator[dg.MaterializeResult]:
    """Load every open provider's own counts; a closed channel is left out, one that fails keeps no other out."""
    report = installation.steps.sync_providers()
    for table in sorted(PROVIDER_TABLES):
        columns = loaded_columns(table, PROVIDER_TABLES[table], PROVIDERS.key)
        metadata = {"rows": report.rows.get(table, 0), **report.channels, **columns}
        yield dg.MaterializeResult(asset_key=["raw", table], metadata=metadata)
    if report.failures:
        raise dg.Failure("; ".join(f"{channel}: {error}" for channel, error in report.failures.items()))

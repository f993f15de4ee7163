"""A lake as dlt's destination: attached by ``core.lake``, so that loads and builds see the same tables."""

from typing import Any

from core.lake import CATALOG, CATALOG_SCHEMA, Lake


def destination(lake: Lake) -> Any:
    """Return dlt's destination for a lake."""
    import dlt
    from dlt.common.configuration.specs import AwsCredentialsWithoutDefaults
    from dlt.common.storages.configuration import FilesystemConfiguration
    from dlt.destinations.impl.ducklake.configuration import DuckLakeCredentials

    bucket: Any = AwsCredentialsWithoutDefaults(
        aws_access_key_id=lake.bucket.access_key_id,
        aws_secret_access_key=lake.bucket.secret_access_key,
        endpoint_url=lake.bucket.endpoint or None,
        region_name=lake.bucket.region or "us-east-1",
    )
    storage = FilesystemConfiguration(lake.data_path)
    if lake.is_on_s3:
        storage.credentials = bucket
    credentials = DuckLakeCredentials(
        ducklake_name=CATALOG,
        metadata_schema=CATALOG_SCHEMA,
        # dlt attaches only what is not attached yet: it needs no password here, and can show none.
        catalog=lake.catalog.set(drivername="postgresql", password=None).render_as_string(hide_password=False),
        storage=storage,
    )
    credentials.statements = lake.statements()
    return dlt.destinations.ducklake(credentials)

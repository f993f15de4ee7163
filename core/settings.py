"""Every setting of the product, read once at the entry points; ``.env.example`` explains each."""

from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.lake import Bucket, Lake
from core.vocabulary import Role


class Settings(BaseSettings):
    """Values from the environment (prefix ``BMA_``) or ``.env``. An empty secret closes what it guards."""

    model_config = SettingsConfigDict(env_prefix="BMA_", env_file=".env", extra="ignore", frozen=True)

    data_dir: Path = Path("data")
    store_url: str = ""
    warehouse_url: str = ""
    s3_endpoint: str = ""
    s3_region: str = ""
    s3_access_key_id: str = ""
    s3_secret_access_key: SecretStr = SecretStr("")
    dagster_url: SecretStr = SecretStr("")
    public_url: str = "http://127.0.0.1:8000"
    time_zone: str = "Asia/Bangkok"
    dashboard_role: Role | Literal[""] = ""
    approval_by_another: bool = True
    approval_of_playbooks: bool = False
    test_addresses: str = ""

    crm_url: str = "http://127.0.0.1:8100"
    crm_username: str = ""
    crm_password: SecretStr = SecretStr("")
    crm_webhook_secret: SecretStr = SecretStr("")
    jwt_secret: SecretStr = SecretStr("")
    api_origins: str = ""

    whatsapp_url: str = "https://graph.facebook.com"
    whatsapp_phone_number_id: str = ""
    whatsapp_business_account_id: str = ""
    whatsapp_token: SecretStr = SecretStr("")
    whatsapp_app_secret: SecretStr = SecretStr("")
    whatsapp_verify_token: SecretStr = SecretStr("")

    line_url: str = "https://api.line.me"
    line_token: SecretStr = SecretStr("")
    line_channel_secret: SecretStr = SecretStr("")
    line_account: str = ""

    smtp_host: str = ""
    smtp_port: int = 587
    smtp_username: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_from: str = ""
    smtp_bounce_domain: str = ""
    smtp_inbound_secret: SecretStr = SecretStr("")
    lmtp_host: str = "127.0.0.1"
    lmtp_port: int = 0
    imap_host: str = ""
    imap_port: int = 993
    imap_username: str = ""
    imap_password: SecretStr = SecretStr("")
    imap_mailbox: str = "INBOX"
    dkim_key_file: str = ""
    dkim_selector: str = "bma"

    link_secret: SecretStr = SecretStr("")
    pii_key: SecretStr = SecretStr("")
    warehouse_key: SecretStr = SecretStr("")
    redis_url: str = ""
    sentry_dsn: str = ""
    otel_endpoint: str = ""
    metrics_address: str = ""

    @property
    def effective_store_url(self) -> str:
        """The store's SQLAlchemy URL: as set, else SQLite in the data directory."""
        return self.store_url or f"sqlite:///{self.data_dir / 'store.db'}"

    @property
    def warehouse_path(self) -> Path | Lake:
        """The DuckDB file or the lake that builds write; readers open the published copy instead."""
        if self.warehouse_url.startswith("ducklake:"):
            bucket = Bucket(
                endpoint=self.s3_endpoint,
                region=self.s3_region,
                access_key_id=self.s3_access_key_id,
                secret_access_key=self.s3_secret_access_key.get_secret_value(),
            )
            return Lake.parse(self.warehouse_url, bucket)
        return (
            Path(self.warehouse_url.removeprefix("duckdb:///"))
            if self.warehouse_url
            else (self.data_dir / "warehouse.duckdb")
        )

    @property
    def limits_file(self) -> Path:
        """What our own accounts may do where it differs from ``senders/<channel>/limits.toml``; need not exist."""
        return self.data_dir / "limits.toml"

    @property
    def prices_file(self) -> Path:
        """What providers ask for a message, as ``sandbox/prices.toml`` shows by example; need not exist."""
        return self.data_dir / "prices.toml"

    @property
    def staff_addresses(self) -> frozenset[str]:
        """Addresses that test sends may go to."""
        return frozenset(self.test_addresses.lower().split())

    @property
    def serve_dir(self) -> Path:
        """Where published copies of ``marts`` and the pointer to the newest one lie."""
        return self.data_dir / "serve"


@cache
def load_settings() -> Settings:
    """Read the settings. Call from entry points only; libraries take the values they need."""
    return Settings()

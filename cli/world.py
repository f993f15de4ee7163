"""The stand-in world of the demo: its secrets, how its processes are started, the settings that point at it."""

import secrets as random_secrets
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from campaigns import templates, transactional
from campaigns.playbooks import read_playbooks
from core.settings import Settings
from core.vocabulary import Channel, Role

_FILE = "demo-secrets.txt"
_PRICES = Path(__file__).parents[1] / "sandbox" / "prices.toml"
_NAMES = (
    "jwt",
    "whatsapp_token",
    "whatsapp_app",
    "whatsapp_verify",
    "line_token",
    "line_channel",
    "inbound",
    "link",
    "crm_password",
    "crm_webhook",
)
PHONE_NUMBER_ID = "100000000000001"
BUSINESS_ACCOUNT_ID = "100000000000002"


def read_secrets(data_dir: Path) -> dict[str, str]:
    """Return this demo's secrets, made at random when it first starts and kept beside its data."""
    path = data_dir / _FILE
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
    kept = dict(line.split("=", 1) for line in path.read_text().splitlines())
    missing = [name for name in _NAMES if name not in kept]  # a demo of an older version lacks newer ones
    with path.open("a") as file:
        file.writelines(f"{name}={random_secrets.token_hex(16)}\n" for name in missing)
    return dict(line.split("=", 1) for line in path.read_text().splitlines())


def crm_arguments(
    secrets: dict[str, str],
    companies: int,
    seed: int,
    as_of: datetime,
    base: datetime,
    *,
    port: int = 0,
    gateway_url: str = "",
) -> list[str]:
    """How to start the stand-in CRM; with ``gateway_url`` it tells of its changes there."""
    webhooks = ["--webhook-url", f"{gateway_url}/webhooks/crm", "--webhook-secret", secrets["crm_webhook"]]
    arguments = [
        "sandbox",
        "crm",
        "--port",
        str(port),
        "--companies",
        str(companies),
        "--seed",
        str(seed),
        "--as-of",
        as_of.isoformat(),
        "--base",
        base.isoformat(),
        "--password",
        secrets["crm_password"],
        "--jwt-secret",
        secrets["jwt"],
    ]
    return [*arguments, *webhooks] if gateway_url else arguments


def provider_arguments(
    secrets: dict[str, str], seed: int, gateway_url: str, *, port: int = 0, smtp_port: int = 0, live: bool = False
) -> list[str]:
    """How to start the stand-in WhatsApp, LINE and mail server."""
    arguments = [
        "sandbox",
        "providers",
        "--port",
        str(port),
        "--smtp-port",
        str(smtp_port),
        "--seed",
        str(seed),
        "--gateway",
        gateway_url,
        "--phone-number-id",
        PHONE_NUMBER_ID,
        "--business-account-id",
        BUSINESS_ACCOUNT_ID,
        "--whatsapp-token",
        secrets["whatsapp_token"],
        "--whatsapp-app-secret",
        secrets["whatsapp_app"],
        "--line-token",
        secrets["line_token"],
        "--line-channel-secret",
        secrets["line_channel"],
        "--inbound-secret",
        secrets["inbound"],
    ]
    return [*arguments, "--live"] if live else arguments


def submitted_templates() -> list[dict[str, Any]]:
    """Every WhatsApp template of the product as Meta lists it once it is approved, for the stand-in."""
    contents = [templates.contents(book) for book in read_playbooks()]
    contents += [each.contents() for each in transactional.read_templates().values()]
    return [
        {"name": name, "language": language, "components": [{"type": "BODY", "text": _numbered(content["parameters"])}]}
        for some in contents
        for (name, channel, language), content in some.items()
        if channel == Channel.WHATSAPP
    ]


def _numbered(parameters: list[str]) -> str:
    return " ".join(f"{{{{{number}}}}}" for number, _ in enumerate(parameters, 1))


def settings_for(
    data_dir: Path, secrets: dict[str, str], crm: dict[str, Any], providers: dict[str, Any], public_url: str
) -> Settings:
    """The settings that make the stand-in world the product's CRM and providers, and its example prices beside them."""
    bound = Settings(
        _env_file=None,
        data_dir=data_dir,
        public_url=public_url,
        dashboard_role=Role.ADMIN,
        crm_url=crm["url"],
        crm_username="admin",
        crm_password=SecretStr(secrets["crm_password"]),
        crm_webhook_secret=SecretStr(secrets["crm_webhook"]),
        jwt_secret=SecretStr(secrets["jwt"]),
        whatsapp_url=providers["url"],
        whatsapp_phone_number_id=PHONE_NUMBER_ID,
        whatsapp_business_account_id=BUSINESS_ACCOUNT_ID,
        whatsapp_token=SecretStr(secrets["whatsapp_token"]),
        whatsapp_app_secret=SecretStr(secrets["whatsapp_app"]),
        whatsapp_verify_token=SecretStr(secrets["whatsapp_verify"]),
        line_url=providers["url"],
        line_token=SecretStr(secrets["line_token"]),
        line_channel_secret=SecretStr(secrets["line_channel"]),
        smtp_host="127.0.0.1",
        smtp_port=int(providers["smtp_port"]),
        smtp_from="BMAsia Music <hello@bmasia.example>",
        smtp_bounce_domain="bounces.bmasia.example",
        smtp_inbound_secret=SecretStr(secrets["inbound"]),
        link_secret=SecretStr(secrets["link"]),
    )
    if not bound.prices_file.exists():
        shutil.copyfile(_PRICES, bound.prices_file)
    return bound


def environment_of(settings: Settings) -> dict[str, str]:
    """The same settings as environment variables, for child processes."""
    values = settings.model_dump()
    return {
        f"BMA_{name.upper()}": value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        for name, value in values.items()
    }

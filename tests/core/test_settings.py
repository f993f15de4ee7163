"""Settings: every one is listed in .env.example with its default, and nothing else is."""

from pathlib import Path

from pydantic import SecretStr

from core.settings import Settings

_EXAMPLE = Path(__file__).parents[2] / ".env.example"


def test_every_setting_is_in_the_example_with_its_default() -> None:
    listed = {}
    for line in _EXAMPLE.read_text().splitlines():
        if line.startswith("BMA_"):
            name, _, rest = line.partition("=")
            listed[name] = rest.partition("#")[0].strip()

    defaults = {}
    for name, field in Settings.model_fields.items():
        value = field.default
        if isinstance(value, bool):
            value = str(value).lower()
        defaults[f"BMA_{name.upper()}"] = str(value.get_secret_value() if isinstance(value, SecretStr) else value)
    assert listed == defaults

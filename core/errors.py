"""Errors named after what the caller should do next."""


class HouseError(Exception):
    """Base of every error this product raises on purpose."""


class PermanentError(HouseError):
    """Trying again cannot help: fix the request, the data or the settings."""


class TransientError(HouseError):
    """The same call may succeed later."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class SettingsError(PermanentError):
    """A setting is missing or wrong; the message names it."""


def error_for_status(status_code: int) -> type[HouseError]:
    """Say whether an HTTP refusal is worth another attempt."""
    retryable = status_code in {408, 425, 429} or status_code >= 500
    return TransientError if retryable else PermanentError

"""Who may get a report by email: active users of the CRM whose role is enough, and the installation's allow list."""

from collections.abc import Mapping

import sqlalchemy as sa

from core.errors import PermanentError
from core.people import crm_roles
from core.settings import Settings
from core.store.engine import reading
from core.store.people import given_roles
from core.vocabulary import Role
from pipelines.crm import CrmClient

_PATH = "/api/v1/users/"
_PAGE = 100
_PATIENCE = 5.0  # seconds: somebody may be waiting at a screen


def staff(settings: Settings, engine: sa.Engine) -> Mapping[str, Role]:
    """Return the role of every active user of the CRM by address; an administrator's word here goes before the CRM's.

    Raises TransientError when the CRM does not answer, PermanentError when it does not let us in.
    """
    with reading(engine) as connection:
        ours = {each["user_id"]: Role(each["role"]) for each in given_roles(connection)}
    roles, found = crm_roles(), {}
    password = settings.crm_password.get_secret_value()
    with CrmClient(settings.crm_url, settings.crm_username, password, retry_seconds=_PATIENCE) as client:
        for page in client.pages(_PATH, {"page_size": _PAGE}):
            for user in page["results"]:
                if user.get("is_active") and user.get("email"):
                    role = ours.get(str(user["id"]), Role(roles.get(user.get("role"), Role.VIEWER)))
                    found[str(user["email"]).lower()] = role
    return found


class Recipients:
    """Says whether an address may get a report; asks the CRM once, and only for who is not on the allow list."""

    def __init__(self, settings: Settings, engine: sa.Engine) -> None:
        self._settings, self._engine = settings, engine
        self._staff: Mapping[str, Role] | None = None

    def refuse(self, address: str, needed: Role) -> None:
        """Raise PermanentError for who may not get it, TransientError when the CRM cannot be asked now."""
        if address.lower() in self._settings.staff_addresses:
            return
        if self._staff is None:
            self._staff = staff(self._settings, self._engine)
        role = self._staff.get(address.lower())
        if role is None:
            raise PermanentError(
                f"{address} is nobody of the staff: neither an active user of the CRM nor in BMA_TEST_ADDRESSES"
            )
        if not role.may(needed):
            raise PermanentError(f"{address} has the role {role}, and this report is for {needed} and above")

"""Who may sign in to the stand-in CRM: one of each role, as the recordings have them."""

import uuid

from sandbox.crm_dealings_rows import ADMIN

_PEOPLE = (
    ("admin", "Ada", "Admin"),
    ("sales1", "Nok", "Sales"),
    ("finance1", "Fon", "Finance"),
    ("tech1", "Tom", "Tech"),
)
USERS = [
    {
        "id": ADMIN if name == "admin" else str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{name}.crm.example")),
        "username": name,
        "email": f"{name}@crm.example",
        "full_name": f"{first} {role}",
        "role": role,
        "is_active": True,
    }
    for name, first, role in _PEOPLE
]

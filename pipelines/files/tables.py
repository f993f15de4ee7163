"""The raw tables of contact lists: the only list of their columns."""

LISTS = "files__lists"
CONTACTS = "files__contacts"
REJECTS = "files__rejects"

TABLES: dict[str, dict[str, str]] = {
    LISTS: {
        "list_id": "text",
        "version": "int",
        "content_hash": "text",  # of the file's bytes and of how they are read: the same again is no new version
        "file_name": "text",
        "encoding": "text",  # null for a workbook
        "separator": "text",  # null for a workbook
        "sheet": "text",  # null for CSV
        "mapping": "json",  # field → column of the file
        "row_count": "int",
        "accepted_count": "int",
        "rejected_count": "int",
        "duplicate_count": "int",
        "consent_purposes": "json",
        "consent_evidence": "text",
        "consent_at": "date",
        "_loaded_at": "time",
    },
    CONTACTS: {
        "list_id": "text",
        "version": "int",
        "line_number": "int",
        "person_id": "text",  # derived from the strongest address: the same person in every list
        "name": "text",
        "company_name": "text",
        "job_title": "text",
        "email": "text",
        "email_as_typed": "text",
        "mobile": "text",
        "mobile_as_typed": "text",
        "line_user_id": "text",
        "line_user_id_as_typed": "text",
        "country": "text",
        "language": "text",
        "has_consent": "bool",
        "consent_at": "date",
        "attributes": "json",  # columns of the file that no field is mapped to
        "_loaded_at": "time",
    },
    REJECTS: {
        "list_id": "text",
        "version": "int",
        "line_number": "int",
        "reject_type": "text",  # record or duplicate
        "reason": "text",
        "cells": "json",  # the row as it was: a list of texts
        "_loaded_at": "time",
    },
}
KEYS: dict[str, tuple[str, ...]] = {
    LISTS: ("list_id", "version"),
    CONTACTS: ("list_id", "version", "line_number"),
    REJECTS: ("list_id", "version", "line_number"),
}

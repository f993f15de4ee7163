"""What must not get into the warehouse: a source whose records changed shape, and one that suddenly shrank."""

from core.errors import PermanentError

# More than these shares are likelier a fault of the source than its life; below _FEW rows shares say little.
MOST_DELETED = 0.2
MOST_REJECTED = 0.05
_FEW = 20


def refuse_many_rejects(entity: str, rejected: int, read: int) -> None:
    """Raise PermanentError when so many records are wrong that the source itself must have changed."""
    if rejected > max(_FEW, MOST_REJECTED * read) or (read > 1 and rejected == read):
        raise PermanentError(
            f"{rejected} of {read} {entity} have the wrong shape: the source has changed. Nothing was loaded; "
            "compare the source's list of columns with its API, then load again"
        )


def refuse_shrink(entity: str, gone: int, known: int) -> None:
    """Raise PermanentError when a full compare would delete a suspicious share of a table."""
    if gone > max(_FEW, MOST_DELETED * known):
        raise PermanentError(
            f"{gone} of {known} {entity} are no longer at the source: that looks like a fault there. "
            "Nothing was loaded; if it is right, load with allow_shrink"
        )

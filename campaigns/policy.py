"""The policy: ordered rules, one SQL statement each; the first that holds decides, and exactly one does."""

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from core.errors import PermanentError
from core.vocabulary import Outcome

_FOLDER = Path(__file__).parent / "policy"
_OUTCOME = re.compile(r"^-- outcome: (\w+)$", re.MULTILINE)
_PARAMETER = re.compile(r"\$(\w+)")


@dataclass(frozen=True)
class Rule:
    """One rule: the rows of ``undecided`` for which its query answers get its outcome."""

    outcome: Outcome
    sql: str

    @property
    def parameters(self) -> set[str]:
        """Names the query asks for."""
        return set(_PARAMETER.findall(self.sql))


@cache
def read_rules() -> tuple[Rule, ...]:
    """Return the rules in the order of the vocabulary. Raises PermanentError when a file is out of order."""
    rules = [read_rule(path) for path in sorted(_FOLDER.glob("*.sql"))]
    order = [list(Outcome).index(rule.outcome) for rule in rules]
    if order != sorted(set(order)) or rules[-1].outcome is not Outcome.SEND:
        raise PermanentError("campaigns/policy: files must follow the order of the outcomes and end with send")
    return tuple(rules)


def read_rule(path: Path) -> Rule:
    """Read one rule."""
    text = path.read_text()
    return Rule(Outcome(_OUTCOME.findall(text)[0]), text)


def policy_version(rules: tuple[Rule, ...] | None = None) -> str:
    """Name a policy, the campaigns' unless other rules are given, by what it says: so a run can be decided again."""
    return hashlib.sha256("\0".join(rule.sql for rule in rules or read_rules()).encode()).hexdigest()[:12]


def decide(connection: Any, parameters: dict[str, Any], rules: tuple[Rule, ...] | None = None) -> None:
    """Turn the temporary table ``considered`` into ``verdicts``: the same rows with outcome, reason, deferred_until.

    Rows are never copied: a rule names them, and a mark keeps them from the rules that follow.
    """
    connection.execute("""
        create or replace temp table decided (
            row_id bigint, outcome varchar, why varchar, deferred_until timestamptz
        );
        create or replace temp view undecided as select rowid as row_id, * from considered where not is_decided;
        create or replace temp view verdicts as
        select considered.* exclude (is_decided), decided.outcome, decided.why, decided.deferred_until
        from considered inner join decided on decided.row_id = considered.rowid
    """)
    for rule in rules or read_rules():
        known = {name: parameters[name] for name in rule.parameters}
        until = "deferred_until" if rule.outcome is Outcome.DEFERRED else "null"
        connection.execute(
            f"insert into decided select row_id, '{rule.outcome}', why, {until} from (\n{rule.sql}\n)",  # noqa: S608 -- ours
            known or None,
        )
        connection.execute(
            "update considered set is_decided = true from decided "
            "where considered.rowid = decided.row_id and decided.outcome = ?",
            [str(rule.outcome)],
        )

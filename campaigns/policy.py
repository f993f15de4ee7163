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
    """Turn the temporary table ``considered`` into ``verdicts``: the same rows with outcome, reason, deferred_until."""
    connection.execute("""
        create or replace temp table undecided as from considered;
        create or replace temp table verdicts as
        select *, ''::varchar as outcome, ''::varchar as why, null::timestamptz as deferred_until
        from considered limit 0
    """)
    for rule in rules or read_rules():
        known = {name: parameters[name] for name in rule.parameters}
        query = f"create or replace temp table decided_now as\n{rule.sql}"
        connection.execute(query, known or None)
        until = "decided_now.deferred_until" if rule.outcome is Outcome.DEFERRED else "null"
        connection.execute(
            f"insert into verdicts select undecided.*, ?, decided_now.why, {until}::timestamptz "  # noqa: S608 -- a constant
            "from undecided inner join decided_now using (contact_id, subject_id, step)",
            [str(rule.outcome)],
        )
        connection.execute(
            "delete from undecided using decided_now where undecided.contact_id = decided_now.contact_id "
            "and undecided.subject_id = decided_now.subject_id and undecided.step = decided_now.step"
        )

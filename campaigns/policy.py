"""The policy: ordered rules, one SQL statement each; the first that holds decides, and exactly one does."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from core.errors import PermanentError
from core.vocabulary import Outcome

_FOLDER = Path(__file__).parent / "policy"
AUDIENCE = (Path(__file__).parent / "audience.sql").read_text()
STOPPED = (Path(__file__).parent / "stopped.sql").read_text()
# A source that was never loaded is older than any; the marts are as old as the loads they were built from.
OLDEST = (
    "select source_table, loaded_at from marts.freshness where is_decided_on order by loaded_at nulls first limit 1"
)
VERDICTS = """
    select considered.* exclude (is_decided), decided.outcome, decided.why, decided.deferred_until
    from considered inner join decided on decided.row_id = considered.rowid
"""
_OUTCOME = re.compile(r"^-- outcome: (\w+)$", re.MULTILINE)
_PARAMETER = re.compile(r"\$(\w+)")
_COMMENT = re.compile(r"--.*")


@dataclass(frozen=True)
class Rule:
    """One rule: the rows of ``undecided`` for which its query answers get its outcome."""

    outcome: Outcome
    sql: str

    @property
    def parameters(self) -> set[str]:
        """Names the query asks for."""
        return parameters_of(self.sql)


def parameters_of(sql: str) -> set[str]:
    """Return the names that a query asks for; an earlier version of it may have asked for fewer."""
    return set(_PARAMETER.findall(_COMMENT.sub("", sql)))


@cache
def read_rules() -> tuple[Rule, ...]:
    """Return the rules in the order of the vocabulary. Raises PermanentError when a file is out of order."""
    rules = [read_rule(path) for path in sorted(_FOLDER.glob("*.sql"))]
    order = [list(Outcome).index(rule.outcome) for rule in rules]
    if order != sorted(set(order)) or rules[-1].outcome is not Outcome.SEND:
        raise PermanentError("campaigns/policy: files must follow the order of the outcomes and end with send")
    return tuple(rules)


@dataclass(frozen=True)
class Policy:
    """All that decides: whom a run considers with what is asked about them, what stopped, and the rules."""

    audience: str
    stopped: str
    rules: tuple[Rule, ...]

    @property
    def version(self) -> str:
        """Name it by what it says: so a run can be decided again."""
        texts = (self.audience, self.stopped, *(rule.sql for rule in self.rules))
        return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]

    @property
    def tables(self) -> frozenset[str]:
        """Return the marts it reads."""
        texts = (self.audience, self.stopped, *(rule.sql for rule in self.rules))
        return frozenset(re.findall(r"\bmarts\.[a-z_]+", "".join(texts)))

    def content(self) -> dict[str, Any]:
        """Return it as the store keeps it."""
        rules = [{"outcome": str(rule.outcome), "sql": rule.sql} for rule in self.rules]
        return {"audience": self.audience, "stopped": self.stopped, "rules": rules}


def from_content(content: Mapping[str, Any]) -> Policy:
    """Return a policy that the store keeps."""
    rules = tuple(Rule(Outcome(rule["outcome"]), rule["sql"]) for rule in content["rules"])
    return Policy(content["audience"], content["stopped"], rules)


def read_policy() -> Policy:
    """Return the campaigns' policy of today."""
    return Policy(AUDIENCE, STOPPED, read_rules())


def read_rule(path: Path) -> Rule:
    """Read one rule."""
    text = path.read_text()
    return Rule(Outcome(_OUTCOME.findall(text)[0]), text)


def policy_version(rules: tuple[Rule, ...]) -> str:
    """Name rules by what they say."""
    return hashlib.sha256("\0".join(rule.sql for rule in rules).encode()).hexdigest()[:12]


def decide(connection: Any, parameters: dict[str, Any], rules: tuple[Rule, ...] | None = None) -> None:
    """Turn the temporary table ``considered`` into ``verdicts``: the same rows with outcome, reason, deferred_until.

    Rows are never copied: a rule names them, and a mark keeps them from the rules that follow.
    """
    connection.execute("""
        create or replace temp table decided (
            row_id bigint, outcome varchar, why varchar, deferred_until timestamptz
        );
        create or replace temp view undecided as select rowid as row_id, * from considered where not is_decided;
    """)
    connection.execute(f"create or replace temp view verdicts as {VERDICTS}")
    for rule in rules or read_rules():
        known = {name: parameters[name] for name in rule.parameters}
        until = "deferred_until" if "deferred_until" in rule.sql else "null"
        connection.execute(
            f"insert into decided select row_id, '{rule.outcome}', why, {until} from (\n{rule.sql}\n)",  # noqa: S608 -- ours
            known or None,
        )
        connection.execute(
            "update considered set is_decided = true from decided "
            "where considered.rowid = decided.row_id and decided.outcome = ?",
            [str(rule.outcome)],
        )

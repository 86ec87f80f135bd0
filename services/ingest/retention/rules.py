"""A tenant's rules: which documents are deleted or archived every night, and what a rule would do now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement

from services.errors import Conflict, InvalidInput, NotFound
from services.ids import new_id
from services.ingest.library.names import clean_folder, clean_line, clean_tags
from services.ingest.library.repository import in_folders, tagged
from services.ingest.retention import repository
from services.ingest.types import ROWS
from services.models import Document, RetentionRule, utc_now
from services.scope import Scope, Tx

Action = Literal["delete", "archive"]
Age = Literal["published", "added"]
# Statuses that a rule takes: what is being read is left alone, and so is a table, whose rows are documents.
TAKEN: dict[str, tuple[str, ...]] = {"archive": ("ready",), "delete": ("ready", "archived", "failed", "cancelled")}
MOST_RULES = 50
EXAMPLES = 5


@dataclass(frozen=True)
class Conditions:
    """Which documents; all that are given must hold, values of one are alternatives.

    `older_than_days`: since they were published (where that is known, else added) or added. `sources`: hosts, or `upload`.
    `folders`: with those below; the empty path is for documents in none. `quality_below`: 0..1. `partial`: only part of the
    story is there, or, False, all of it.
    """

    older_than_days: int | None = None
    age_of: Age = "published"
    sources: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    quality_below: float | None = None
    partial: bool | None = None

    @property
    def are_empty(self) -> bool:
        """Whether they would hold for every document."""
        lists = (self.sources, self.folders, self.tags, self.types)
        return not any(lists) and self.older_than_days is None and self.quality_below is None and self.partial is None


@dataclass(frozen=True)
class Draft:
    """A rule as a person writes it."""

    name: str
    action: Action
    conditions: Conditions
    keep_cited: bool = True
    is_enabled: bool = True


@dataclass(frozen=True)
class Preview:
    """What a rule would take now: how many documents, how many more it would but for `keep_cited`, and the oldest."""

    count: int
    kept_cited: int
    examples: Sequence[Document]


def list_rules(scope: Scope) -> Sequence[RetentionRule]:
    """All rules, the oldest first."""
    with scope.read() as tx:
        return repository.rules(tx)


def get_rule(scope: Scope, rule_id: str) -> RetentionRule:
    """One rule; raises NotFound."""
    with scope.read() as tx:
        return found(tx, rule_id)


def add_rule(scope: Scope, draft: Draft) -> RetentionRule:
    """Add a rule; it is applied the next night, or when somebody asks. Raises InvalidInput, Conflict for too many."""
    values = checked(draft)
    with scope.write() as tx:
        if len(repository.rules(tx)) >= MOST_RULES:
            raise Conflict(f"There are {MOST_RULES} rules, as many as there may be; remove one first.")
        rule = RetentionRule(id=new_id("ret"), actor_id=scope.actor_id, **values)
        tx.add(rule)
    return rule


def change_rule(scope: Scope, rule_id: str, draft: Draft) -> RetentionRule:
    """Put a draft in the place of a rule. Raises NotFound, InvalidInput."""
    values = checked(draft)
    with scope.write() as tx:
        rule = found(tx, rule_id)
        for name, value in values.items():
            setattr(rule, name, value)
    return rule


def remove_rule(scope: Scope, rule_id: str) -> None:
    """Remove a rule; what it did stays done. Raises NotFound."""
    with scope.write() as tx:
        repository.remove(tx, found(tx, rule_id).id)


def preview(scope: Scope, draft: Draft) -> Preview:
    """What a rule would take if it were applied now. Changes nothing. Raises InvalidInput."""
    conditions = cleaned(draft.conditions)
    with scope.read() as tx:
        wanted = taken(tx, draft.action, conditions, keep_cited=draft.keep_cited)
        all_of_them = taken(tx, draft.action, conditions, keep_cited=False)
        count = repository.count(tx, wanted)
        return Preview(count, repository.count(tx, all_of_them) - count, repository.oldest(tx, wanted, EXAMPLES))


def draft_of(rule: RetentionRule) -> Draft:
    """A stored rule as it was written."""
    given: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in rule.conditions.items()
    }
    action: Action = "delete" if rule.action == "delete" else "archive"
    return Draft(rule.name, action, Conditions(**given), rule.keep_cited, rule.is_enabled)


def taken(tx: Tx, action: str, conditions: Conditions, *, keep_cited: bool) -> list[ColumnElement[bool]]:
    """A rule as conditions on the rows."""
    wanted: list[ColumnElement[bool]] = [Document.status.in_(TAKEN[action]), Document.type != ROWS]
    if conditions.older_than_days is not None:
        dated_at: Any = repository.DATED_AT if conditions.age_of == "published" else Document.first_seen_at
        wanted.append(dated_at < utc_now() - timedelta(days=conditions.older_than_days))
    if conditions.sources:
        wanted.append(Document.source.in_(conditions.sources))
    if conditions.folders:
        wanted.append(in_folders(conditions.folders))
    if conditions.tags:
        wanted.append(tagged(tx, conditions.tags))
    if conditions.types:
        wanted.append(Document.type.in_(conditions.types))
    if conditions.quality_below is not None:
        wanted.append(Document.quality < conditions.quality_below)
    if conditions.partial is not None:
        wanted.append(Document.partial.is_(conditions.partial))
    if keep_cited:
        wanted.append(repository.not_cited(tx))
    return wanted


def checked(draft: Draft) -> dict[str, Any]:
    """A draft as columns. Raises InvalidInput."""
    name = clean_line(draft.name)
    if not name:
        raise InvalidInput("Give the rule a name, such as 'Wire news after 90 days'.")
    conditions = cleaned(draft.conditions)
    stored = {key: list(value) if isinstance(value, tuple) else value for key, value in conditions.__dict__.items()}
    return {
        "name": name[:200],
        "action": draft.action,
        "conditions": stored,
        "keep_cited": draft.keep_cited,
        "is_enabled": draft.is_enabled,
    }


def cleaned(conditions: Conditions) -> Conditions:
    """Conditions with folders and tags as documents have them. Raises InvalidInput, also for none at all."""
    if conditions.are_empty:
        raise InvalidInput("Say which documents: a rule without a condition would take all of them.")
    folders = tuple(clean_folder(each) for each in conditions.folders)
    return replace(conditions, folders=folders, tags=tuple(clean_tags(conditions.tags)))


def found(tx: Tx, rule_id: str) -> RetentionRule:
    """A rule; raises NotFound."""
    rule = repository.rule(tx, rule_id)
    if rule is None:
        raise NotFound("No such rule; it may have been removed.")
    return rule

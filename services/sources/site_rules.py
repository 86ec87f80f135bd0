"""How the pages of single domains are read where the general reading errs: rows that people write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.errors import FieldError, InvalidInput, NotFound
from services.ids import new_id
from services.ingest.extract import check_selectors
from services.ingest.types import Selectors
from services.models import SiteRule, utc_now
from services.scope import Scope
from services.sources import repository
from services.sources.takedown import clean_domain

MAX_RULES = 1000


def list_rules(scope: Scope) -> Sequence[SiteRule]:
    """All rules, by domain."""
    with scope.read() as tx:
        return repository.site_rules(tx)


def put_rule(scope: Scope, domain: str, selectors: Mapping[str, str | None]) -> SiteRule:
    """Write the rule of a domain and its subdomains; it holds for pages read from now on.

    `selectors`: content, remove, title, authors, published.
    Raises: InvalidInput for a rule without any, for one that cannot be read, or past MAX_RULES.
    """
    name = clean_domain(domain)
    if not any(selectors.values()):
        raise InvalidInput("The rule says nothing. Give at least one selector, or delete the rule.")
    problems = check_selectors(Selectors(**selectors))
    if problems:
        wrong = tuple(FieldError(f"/{part}", reason) for part, reason in problems.items())
        raise InvalidInput(" ".join(problems.values()), errors=wrong)
    with scope.write() as tx:
        rule = repository.find_site_rule(tx, name)
        if rule is None:
            if len(repository.site_rules(tx)) >= MAX_RULES:
                raise InvalidInput(f"There are {MAX_RULES} site rules already, the most there may be.")
            rule = SiteRule(id=new_id("rul"), domain=name, created_at=utc_now())
            tx.add(rule)
        for part, selector in selectors.items():
            setattr(rule, part, selector)
    return rule


def remove_rule(scope: Scope, domain: str) -> None:
    """Remove the rule of a domain. Raises NotFound."""
    with scope.write() as tx:
        rule = repository.find_site_rule(tx, clean_domain(domain))
        if rule is None:
            raise NotFound("There is no rule for this domain.")
        tx.session.delete(rule)

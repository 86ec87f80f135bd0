"""How the pages of single domains are read where the general reading errs: rows that people write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.errors import InvalidInput, NotFound
from services.ids import new_id
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

    `selectors`: content, remove, title, authors, published. Raises: InvalidInput for a rule without any, or past MAX_RULES.
    """
    name = clean_domain(domain)
    if not any(selectors.values()):
        raise InvalidInput("The rule says nothing. Give at least one selector, or delete the rule.")
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

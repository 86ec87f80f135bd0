"""Taking a domain down: its documents go from everywhere, and a tombstone keeps it out."""

from __future__ import annotations

from collections.abc import Sequence

from services.errors import Conflict, InvalidInput, NotFound
from services.ids import new_id
from services.ingest.documents import delete_in
from services.ingest.urls import normalise_url
from services.models import Tombstone, utc_now
from services.runtime import Runtime
from services.scope import Scope
from services.sources import repository
from services.tenants.tenants import OPERATOR, operator_scope, settled_tenants

# Documents hidden in one transaction.
SLICE = 200


def take_down(scope: Scope, domain: str, reason: str) -> Tombstone:
    """Remove a domain with its subdomains: gone from every read when this returns, purged by jobs, never fetched again.

    Its sources are paused. Again with the same domain continues and keeps the first reason. Raises InvalidInput.
    """
    return _take_down(scope, domain, reason, by_operator=False)[0]


def _take_down(scope: Scope, domain: str, reason: str, *, by_operator: bool) -> tuple[Tombstone, int]:
    """The tombstone, and how many documents went now."""
    name = clean_domain(domain)
    with scope.write() as tx:
        tombstone = repository.find_tombstone(tx, name)
        if tombstone is None:
            tombstone = Tombstone(
                id=new_id("tmb"), domain=name, reason=reason.strip(), actor_id=scope.actor_id, created_at=utc_now()
            )
            tombstone.document_count, tombstone.by_operator = 0, False
            tx.add(tombstone)
        tombstone.by_operator = tombstone.by_operator or by_operator
        for source in repository.all_sources(tx):
            if is_inside(host_of(source.url), name):
                source.paused_at = source.paused_at or utc_now()
    _forget_hints(scope, name)
    gone = _delete_documents(scope, name)
    with scope.write() as tx:
        kept = repository.find_tombstone(tx, name)
        if kept is not None:
            kept.document_count += gone
            tombstone = kept
    return tombstone, gone


def _delete_documents(scope: Scope, name: str) -> int:
    """Delete what is stored of a domain; returns how many documents that were."""
    gone = 0
    while True:
        with scope.write() as tx:
            part = repository.documents_of_domain(tx, name, SLICE)
            for document in part:
                delete_in(tx, document)
        gone += len(part)
        if not part:
            return gone


def _forget_hints(scope: Scope, name: str) -> None:
    """Forget what feeds said of a domain's pages."""
    after = ""
    while True:
        with scope.write() as tx:
            part = repository.items_near(tx, name, after, SLICE)
            repository.forget_hints(tx, [item_id for item_id, url in part if is_inside(host_of(url), name)])
        if not part:
            return
        after = part[-1][0]


def take_down_everywhere(runtime: Runtime, domain: str, reason: str) -> int:
    """The operator's take-down: in every tenant, those made later too. Returns how many documents went now."""
    gone: dict[str, int] = {}
    while waiting := [tenant.id for tenant in settled_tenants(runtime) if tenant.id not in gone]:
        for tenant_id in waiting:
            gone[tenant_id] = _take_down(operator_scope(runtime, tenant_id), domain, reason, by_operator=True)[1]
    return sum(gone.values())


def lift(scope: Scope, domain: str) -> None:
    """Allow a domain again; what was removed stays removed. Raises NotFound, and Conflict when the operator did it."""
    with scope.write() as tx:
        tombstone = repository.find_tombstone(tx, clean_domain(domain))
        if tombstone is None:
            raise NotFound("This domain was not taken down.")
        if tombstone.by_operator:
            raise Conflict(
                "The operator took this domain down for everybody, and lifts it with `tidings takedown DOMAIN --lift`."
            )
        tx.session.delete(tombstone)


def lift_everywhere(runtime: Runtime, domain: str) -> None:
    """Undo the operator's take-down in every tenant; where a tenant took the domain down first, its own stays.

    Raises NotFound when the operator did not take it down.
    """
    name, lifted = clean_domain(domain), False
    seen: set[str] = set()
    while waiting := [tenant.id for tenant in settled_tenants(runtime) if tenant.id not in seen]:
        for tenant_id in waiting:
            lifted = _lift_operators(operator_scope(runtime, tenant_id), name) or lifted
            seen.add(tenant_id)
    if not lifted:
        raise NotFound("The operator did not take this domain down. What an organisation took down, its people lift.")


def _lift_operators(scope: Scope, name: str) -> bool:
    with scope.write() as tx:
        tombstone = repository.find_tombstone(tx, name)
        if tombstone is None or not tombstone.by_operator:
            return False
        if tombstone.actor_id == OPERATOR:
            tx.session.delete(tombstone)
        else:
            tombstone.by_operator = False
        return True


def list_takedowns(scope: Scope) -> Sequence[Tombstone]:
    """The domains that were taken down, the latest first."""
    with scope.read() as tx:
        return repository.tombstones(tx)


def is_inside(host: str, domain: str) -> bool:
    """Whether a host is a domain or one of its subdomains."""
    return host == domain or host.endswith(f".{domain}")


def clean_domain(domain: str) -> str:
    """A domain as hosts are written: ASCII, lower case, without `www.`. Raises InvalidInput."""
    name = domain.strip().lower().strip(".")
    host = host_of(normalise_url(name if "://" in name else f"https://{name}/")).removeprefix("www.")
    if "." not in host or ":" in host:
        raise InvalidInput("Give a domain such as example.org.")
    return host


def host_of(url: str) -> str:
    """The host of a canonical address, without its port."""
    rest = url.partition("://")[2].partition("/")[0]
    return rest.partition("]")[0] + "]" if rest.startswith("[") else rest.partition(":")[0]

"""Loading the demo pack into a tenant, and taking it out again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.demo import pack, repository, shipped
from services.errors import TakenDown, UnsupportedType
from services.ingest.documents import delete_in
from services.ingest.submit import submit
from services.models import utc_now
from services.scope import Scope


@dataclass(frozen=True)
class Standing:
    """How many of the pack's documents are ready, on their way and failed, and how many the pack has."""

    ready: int
    working: int
    failed: int
    pack_size: int
    questions: Sequence[str]

    @property
    def loaded(self) -> bool:
        """Whether any of it is there."""
        return self.ready + self.working + self.failed > 0


def load(scope: Scope) -> Standing:
    """Bring the pack in, searchable within seconds. Doing it again brings what is missing or failed, and nothing twice."""
    shipped.remember(scope)
    submit_all(scope)
    return standing(scope)


def submit_all(scope: Scope) -> None:
    """Submit every document of the pack, dated back from now; what cannot be accepted here is left out.

    That is a type that no reader knows, and what stands under a domain that was taken down.
    """
    now = utc_now()
    for item in pack.items():
        try:
            submit(scope, replace(item.dated(now), source_id=repository.SOURCE_ID))
        except (UnsupportedType, TakenDown):
            continue


def standing(scope: Scope) -> Standing:
    """What is there of the demo."""
    with scope.read() as tx:
        counts = repository.count_by_status(tx)
    working = counts.get("queued", 0) + counts.get("processing", 0)
    return Standing(counts.get("ready", 0), working, counts.get("failed", 0), len(pack.items()), pack.offered())


def remove(scope: Scope) -> Standing:
    """Delete the documents that came with the demo, and nothing else; a job purges each, as after every deletion."""
    with scope.write() as tx:
        for document in repository.documents(tx):
            delete_in(tx, document)
    shipped.forget(scope)
    return standing(scope)

"""Folding reprints under the document that was first seen. Nothing is thrown away: a copy stays a document of its own.

Copies point at their original, never at another copy. Only originals are looked for, by the bands of their MinHash, so
ten thousand copies of one text cost as much as one. All that is decided here is decided again when an original is
deleted or read anew: its copies go to the earliest of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from services.ingest import repository
from services.ingest.sameness import Fingerprint, bands_of, fingerprint, is_same, likeness
from services.ingest.types import Article
from services.models import Document
from services.scope import Scope, Tx

# Reprints appear within days; what comes back every year is another story in the same words.
WINDOW = timedelta(days=10)
# Originals looked at per document, and how alike their signatures must be for their texts to be compared.
MOST_CANDIDATES = 16
LEAST_LIKENESS = 0.12


@dataclass
class Examined:
    """A document's text made comparable, and what was found out about others, by id and version."""

    fingerprint: Fingerprint
    signature: bytes | None
    verdicts: dict[tuple[str, int], bool] = field(default_factory=dict)


def examine(scope: Scope, row: Document, title: str, article: Article) -> Examined:
    """Compare a document with the originals it may repeat, before it is recorded. Cost: 1 ms where nothing is alike."""
    text = fingerprint(title, article.text, row.family)
    examined = Examined(text, text.signature())
    dated = Document(id=row.id, published_at=article.published_at, first_seen_at=row.first_seen_at)
    with scope.read() as tx:
        found = candidates(tx, dated, examined)
        texts = repository.find_many(tx, [each.id for each in found], with_text=True)
    for other in texts.values():
        judge(examined, other)
    return examined


def fold(tx: Tx, document: Document, examined: Examined) -> None:
    """Record whether a document repeats another. Called in the transaction that makes it ready.

    What became ready since `examine` is compared here: of two copies read at the same moment the second one sees the
    first. The one that was first seen is the original, also when it is read last.
    """
    release(tx, document)
    document.signature = examined.signature
    if examined.signature is None:
        return
    found = candidates(tx, document, examined)
    unknown = [each.id for each in found if (each.id, each.version) not in examined.verdicts]
    for other in repository.find_many(tx, unknown, with_text=True).values():
        judge(examined, other)
    same = [each for each in found if examined.verdicts[each.id, each.version]]
    original = next(iter(same), None)
    if original is None:
        repository.replace_bands(tx, document.id, bands_of(examined.signature))
    elif order(original) < order(document):
        document.original_id = original.id
    else:
        hand_over(tx, original, document)
        original.original_id = document.id


def release(tx: Tx, document: Document) -> None:
    """Take a document out of its fold: it is no copy any more, and its copies go to the first of them that is ready."""
    document.original_id = None
    repository.replace_bands(tx, document.id, ())
    heir = repository.first_copy(tx, document.id)
    if heir is None:
        repository.move_copies(tx, document.id, None)
    else:
        hand_over(tx, document, heir)


def hand_over(tx: Tx, former: Document, original: Document) -> None:
    """Make a document the original of another one's copies, and the one that is looked for."""
    repository.replace_bands(tx, former.id, ())
    repository.move_copies(tx, former.id, original.id)
    original.original_id = None
    if original.signature is not None:
        repository.replace_bands(tx, original.id, bands_of(original.signature))


def candidates(tx: Tx, document: Document, examined: Examined) -> list[Document]:
    """Originals whose signatures look like the document's, most alike first."""
    if examined.signature is None:
        return []
    dated_at = document.published_at or document.first_seen_at
    found = repository.originals_sharing(
        tx,
        bands_of(examined.signature),
        but=document.id,
        between=(dated_at - WINDOW, dated_at + WINDOW),
        limit=MOST_CANDIDATES,
    )
    alike = {each.id: likeness(examined.signature, each.signature) for each in found if each.signature}
    kept = [each for each in found if alike.get(each.id, 0.0) >= LEAST_LIKENESS]
    return sorted(kept, key=lambda each: (-alike[each.id], *order(each)))


def judge(examined: Examined, other: Document) -> None:
    """Compare the texts, and remember the verdict."""
    text = fingerprint(other.title, other.text or "", other.family)
    examined.verdicts[other.id, other.version] = is_same(examined.fingerprint, text)


def order(document: Document) -> tuple[object, str]:
    """Which of two documents came first."""
    return (document.first_seen_at, document.id)

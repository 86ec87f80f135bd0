"""Putting documents into folders and giving them tags.

A folder is a path on the document, not a thing of its own: it is there as long as a document lies in it, and a document
lies in one folder at most. A tag is a word on as many documents as people like. Both live in the database alone; a
search looks up which documents they mean, so a change holds from the next search on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.errors import NotFound
from services.ingest import repository as documents
from services.ingest.library import repository
from services.ingest.library.names import clean_folder, clean_tags
from services.models import Document
from services.scope import Scope, Tx


@dataclass(frozen=True)
class FolderCount:
    """A folder, how many documents lie in it, and how many in it and below. The empty path: in no folder."""

    folder: str
    count: int
    total: int


def file_document(
    scope: Scope, document_id: str, *, folder: str | None = None, tags: Sequence[str] | None = None
) -> Document:
    """Move a document to a folder (empty: to none) and give it these tags; None leaves either as it is.

    Raises NotFound, InvalidInput.
    """
    with scope.write() as tx:
        document = documents.find(tx, document_id)
        if document is None:
            raise NotFound("No such document; it may have been deleted.")
        if folder is not None:
            document.folder = clean_folder(folder)
        if tags is not None:
            repository.set_tags(tx, document, clean_tags(tags))
    return document


def add_tags(tx: Tx, document: Document, tags: Sequence[str]) -> None:
    """Give a document these tags beside its own. Raises InvalidInput when it would have too many."""
    repository.set_tags(tx, document, clean_tags([*document.tags, *tags]))


def remove_tags(tx: Tx, document: Document, tags: Sequence[str]) -> None:
    """Take these tags away from a document."""
    gone = set(clean_tags(tags))
    repository.set_tags(tx, document, [tag for tag in document.tags if tag not in gone])


def list_folders(scope: Scope) -> list[FolderCount]:
    """All folders, also those that only hold folders, in order of their parts; first the documents in none."""
    with scope.read() as tx:
        counts = dict(repository.folder_counts(tx))
    totals: dict[str, int] = {}
    for folder, count in counts.items():
        for path in ancestry(folder):
            totals[path] = totals.get(path, 0) + count
    paths = sorted(totals, key=lambda path: path.lower().split("/"))
    return [FolderCount(path, counts.get(path, 0), totals[path]) for path in paths]


def list_tags(scope: Scope) -> list[tuple[str, int]]:
    """All tags and how many documents have each, in order of the alphabet."""
    with scope.read() as tx:
        return list(repository.tag_counts(tx))


def ancestry(folder: str) -> list[str]:
    """A folder and all that it lies in: `a/b` is in `a` and in `a/b`."""
    parts = folder.split("/")
    return ["/".join(parts[: depth + 1]) for depth in range(len(parts))]

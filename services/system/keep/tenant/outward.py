"""A tenant into a file: rows in short transactions, so that nobody waits; a document that goes meanwhile is not in it."""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from services.engines.blobs import BlobStore
from services.errors import NotFound
from services.ingest.hints import without_password
from services.ingest.pipeline import indexed_text
from services.ingest.repository import chunks, find_many
from services.models import Chunk, Document, Tenant
from services.runtime import Runtime
from services.scope import Scope
from services.system import repository
from services.system.keep.archive import BLOCK, ArchiveWriter, Tell
from services.system.keep.tenant.form import (
    DOCUMENTS,
    KIND,
    LAYOUT,
    TABLES,
    VECTORS,
    file_member,
    row_json,
    text_member,
)

EXPORT = "export"
# Documents read in one transaction.
SLICE = 50


def export_tenant(runtime: Runtime, tenant: Tenant, file: Path, tell: Tell) -> dict[str, Any]:
    """Write everything that a tenant owns, but for people, keys and work under way; returns the manifest.

    Vectors are those of the embedding cache; a document that lacks one there goes without, and is embedded where it comes
    in. Raises: Conflict when the file exists.
    """
    scope = Scope(runtime, tenant.id, EXPORT)
    with scope.read() as tx:
        total = repository.count_visible(tx)
    with ArchiveWriter(file) as archive, tempfile.TemporaryFile() as rows, tempfile.TemporaryFile() as vectors:
        counts = {"documents": 0, "originals": 0, "vectors": 0}
        for some in slices(scope):
            for document, parts in some:
                line = write_document(archive, runtime.blobs, document, parts, counts)
                write_line(rows, line)
                counts["documents"] += 1
                packed = packed_vectors(runtime, tenant, document, parts)
                if packed is not None:
                    write_line(vectors, {"document_id": document.id, "version": document.version, "vectors": packed})
                    counts["vectors"] += len(parts)
            tell("Exporting", counts["documents"], total)
        archive.add(DOCUMENTS, blocks(rows))
        archive.add(VECTORS, blocks(vectors), compress=False)
        for name, table in TABLES.items():
            counts[name.removesuffix(".jsonl")] = archive.add_rows(
                name, (row_json(row) for row in repository.all_rows(scope, table))
            )
        about = {"id": tenant.id, "name": tenant.name, "created_at": tenant.created_at.isoformat()}
        return archive.finish(KIND, LAYOUT, tenant=about, model=runtime.embedder.name, counts=counts)


def slices(scope: Scope) -> Iterator[list[tuple[Document, Sequence[Chunk]]]]:
    """All visible documents with their texts and chunks, some at a time."""
    after = ""
    while True:
        with scope.read() as tx:
            ids = repository.visible_ids(tx, after=after, limit=SLICE)
            rows = find_many(tx, ids, with_text=True, with_signature=True)
            some = [(rows[each], chunks(tx, each, rows[each].version)) for each in ids if each in rows]
        if not ids:
            return
        yield some
        after = ids[-1]


def write_document(
    archive: ArchiveWriter, blobs: BlobStore, document: Document, parts: Sequence[Chunk], counts: dict[str, int]
) -> dict[str, Any]:
    """Add a document's bytes and text; returns its line."""
    line = row_json(document)
    line["hints"] = without_password(document.hints)
    line["chunks"] = [[part.start, part.end, part.token_count] for part in parts]
    if document.text is not None:
        archive.add(text_member(document.id), [document.text.encode()])
    try:
        content = blobs.get(document.blob_key)
    except NotFound:
        # Deleted a moment ago, or lost: what is known of it goes all the same.
        return line
    archive.add(file_member(document.id), [content])
    counts["originals"] += 1
    return line


def packed_vectors(runtime: Runtime, tenant: Tenant, document: Document, parts: Sequence[Chunk]) -> str | None:
    """The vectors of a document's chunks; None unless all of them are remembered."""
    text = document.text or ""
    keys = [
        runtime.vector_cache.key(
            tenant.cache_salt, runtime.embedder.name, indexed_text(document.title, text[part.start : part.end])
        )
        for part in parts
    ]
    known = runtime.vector_cache.get_stored(keys)
    if not keys or len(known) < len(set(keys)):
        return None
    return base64.b64encode(b"".join(known[key] for key in keys)).decode()


def write_line(file: IO[bytes], row: dict[str, Any]) -> None:
    """One line of JSON."""
    file.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")


def blocks(file: IO[bytes]) -> Iterator[bytes]:
    """A temporary file from its beginning."""
    file.seek(0)
    return iter(lambda: file.read(BLOCK), b"")

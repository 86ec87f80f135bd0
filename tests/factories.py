"""Making things for tests, with the fewest words."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from services.handlers import HANDLERS
from services.ids import new_id
from services.ingest.documents import get_document
from services.ingest.retention.rules import Conditions, Draft, add_rule
from services.ingest.submit import submit
from services.ingest.types import RawDocument
from services.jobs.claim import work
from services.models import CrawlItem, Document, RetentionRule, Source, Tenant
from services.runtime import Runtime
from services.scope import Scope

QUEUES = ("interactive", "ingest", "maintenance")


def make_scope(runtime: Runtime, name: str = "Newsroom") -> Scope:
    """A new tenant and somebody in it."""
    tenant = Tenant(id=new_id("ten"), name=name, cache_salt=secrets.token_bytes(16))
    with runtime.session(write=True) as (session, _):
        session.add(tenant)
    return Scope(runtime, tenant.id, "usr_test")


def text_document(text: str, *, title: str | None = None, filename: str | None = None) -> RawDocument:
    """A text as it would be uploaded."""
    return RawDocument(content=text.encode(), content_type="text/plain", title=title, filename=filename)


def html_document(
    title: str, body: str, *, url: str = "https://news.example.org/1", date: str = "2026-11-20"
) -> RawDocument:
    """A news page as it would be fetched."""
    page = f"""<!doctype html><html lang="en"><head><title>{title}</title>
    <meta property="article:published_time" content="{date}T08:00:00Z"></head>
    <body><nav>Home Sport</nav><article><h1>{title}</h1>{"".join(f"<p>{part}</p>" for part in body.split("|"))}</article></body></html>"""
    return RawDocument(content=page.encode(), content_type="text/html", url=url)


def make_source(
    scope: Scope, *, url: str = "https://news.example.org/feed", title: str = "News", **values: Any
) -> Source:
    """A source, due at once."""
    digest = hashlib.sha256(url.encode()).hexdigest()
    source = Source(id=new_id("src"), url=url, url_digest=digest, title=title, **{"kind": "feed", **values})
    with scope.write() as tx:
        tx.add(source)
    return source


def make_item(scope: Scope, source: Source, *, url: str, **values: Any) -> CrawlItem:
    """A URL that a source showed."""
    identity = hashlib.sha256(url.encode()).hexdigest()
    item = CrawlItem(id=new_id("itm"), source_id=source.id, run_id="run_test", identity=identity, url=url, **values)
    with scope.write() as tx:
        tx.add(item)
    return item


def make_rule(scope: Scope, **conditions: Any) -> RetentionRule:
    """A retention rule that archives."""
    return add_rule(scope, Draft("Old news", "archive", Conditions(**(conditions or {"older_than_days": 90}))))


def do_work(runtime: Runtime, *queues: str) -> int:
    """Run all due jobs in this thread."""
    return sum(work(runtime, queue, HANDLERS) for queue in queues or QUEUES)


def store(scope: Scope, raw: RawDocument) -> Document:
    """Submit a document and take it as far as it goes."""
    document = submit(scope, raw).document
    do_work(scope.runtime)
    return get_document(scope, document.id)

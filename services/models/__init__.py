"""The tables, in types that SQLite and PostgreSQL share."""

from services.models.base import Base, TenantOwned, utc_now
from services.models.document import Chunk, Document, SignatureBand
from services.models.job import Job, JobEvent
from services.models.source import CrawlItem, CrawlRun, Host, RobotsFile, SiteRule, Source, Tombstone
from services.models.tenant import ApiKey, IdempotencyRecord, LoginSession, SetupToken, Tenant, User
from services.models.thread import Answer, AnswerSource

__all__ = [
    "Answer",
    "AnswerSource",
    "ApiKey",
    "Base",
    "Chunk",
    "CrawlItem",
    "CrawlRun",
    "Document",
    "Host",
    "IdempotencyRecord",
    "Job",
    "JobEvent",
    "LoginSession",
    "RobotsFile",
    "SetupToken",
    "SignatureBand",
    "SiteRule",
    "Source",
    "Tenant",
    "TenantOwned",
    "Tombstone",
    "User",
    "utc_now",
]

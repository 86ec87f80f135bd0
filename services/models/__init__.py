"""The tables, in types that SQLite and PostgreSQL share."""

from services.models.base import NOW, Base, TenantOwned, utc_now
from services.models.document import Chunk, Document, DocumentTag, SignatureBand
from services.models.figure import Figure
from services.models.job import Job, JobEvent
from services.models.retention import RetentionRule
from services.models.saved import SavedSearch
from services.models.source import CrawlItem, CrawlRun, Host, RobotsFile, SiteRule, Source, Tombstone
from services.models.tenant import ApiKey, IdempotencyRecord, LoginSession, SetupToken, Tenant, User
from services.models.thread import Answer, AnswerFeedback, AnswerSource
from services.models.upload import Upload

__all__ = [
    "NOW",
    "Answer",
    "AnswerFeedback",
    "AnswerSource",
    "ApiKey",
    "Base",
    "Chunk",
    "CrawlItem",
    "CrawlRun",
    "Document",
    "DocumentTag",
    "Figure",
    "Host",
    "IdempotencyRecord",
    "Job",
    "JobEvent",
    "LoginSession",
    "RetentionRule",
    "RobotsFile",
    "SavedSearch",
    "SetupToken",
    "SignatureBand",
    "SiteRule",
    "Source",
    "Tenant",
    "TenantOwned",
    "Tombstone",
    "Upload",
    "User",
    "utc_now",
]

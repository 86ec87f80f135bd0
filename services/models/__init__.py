"""The tables, in types that SQLite and PostgreSQL share."""

from services.models.base import Base, TenantOwned, utc_now
from services.models.document import Chunk, Document
from services.models.job import Job, JobEvent
from services.models.tenant import ApiKey, IdempotencyRecord, LoginSession, SetupToken, Tenant, User
from services.models.thread import Answer, AnswerSource

__all__ = [
    "Answer",
    "AnswerSource",
    "ApiKey",
    "Base",
    "Chunk",
    "Document",
    "IdempotencyRecord",
    "Job",
    "JobEvent",
    "LoginSession",
    "SetupToken",
    "Tenant",
    "TenantOwned",
    "User",
    "utc_now",
]

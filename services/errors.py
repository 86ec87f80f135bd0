"""Every refusal Tidings can give, as one tree.

    TidingsError
    ├── InvalidInput 422            the request cannot be understood
    │   ├── EmptyFile, BadCursor, EgressDenied, IdempotencyMismatch
    │   ├── FeedInvalid, SitemapInvalid, OutlineInvalid   a publisher's or person's list cannot be read
    │   ├── ArchiveInvalid          a backup or export that is damaged, made to do harm, or of a newer version
    │   ├── UnsupportedType 415
    │   └── TooLarge 413
    │       └── PromptTooLong       more text than the language model can read at once
    ├── Unauthenticated 401
    │   └── BadCredentials          wrong e-mail or password, which of them is not said
    ├── Forbidden 403
    │   ├── QuotaReached            the tenant has as many documents as it may have
    │   ├── SetupLinkInvalid        the set-up link is wrong, used or too old
    │   └── BadOrigin               a browser request that another site sent
    ├── NotFound 404                also for what belongs to another tenant
    ├── Conflict 409
    │   └── TakenDown               an address in a domain that was taken down
    ├── RateLimited 429
    ├── ParseFailed 422             the document cannot be read; the code says why
    └── EngineUnavailable 503       a database, index or model is not there
        ├── ModelBusy               the language model has as many requests as it takes
        ├── ModelTooSlow            the answer was not complete at its deadline
        └── ModelCancelled          nobody wants the answer any more

Each error carries a stable `code`, an HTTP status, one sentence for the person that says what to do next,
and, where waiting helps, `retry_after_seconds`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class FieldError:
    """One wrong field: a JSON pointer into the request and the reason in plain words."""

    pointer: str
    reason: str


class TidingsError(Exception):
    """Base of all expected failures. `str(error)` is the sentence shown to the person."""

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong"

    def __init__(
        self,
        detail: str,
        *,
        retry_after_seconds: int | None = None,
        errors: tuple[FieldError, ...] = (),
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after_seconds = retry_after_seconds
        self.errors = errors


class InvalidInput(TidingsError):
    """The request is well-formed but its content cannot be accepted."""

    code = "invalid_input"
    status = 422
    title = "Invalid input"


class EmptyFile(InvalidInput):
    """An upload of zero bytes, or text of only white space."""

    code = "empty_file"
    title = "Empty file"


class BadCursor(InvalidInput):
    """A list cursor that this server did not sign, or that belongs to another list."""

    code = "bad_cursor"
    title = "Invalid cursor"


class ChecksumMismatch(InvalidInput):
    """The bytes of an upload are not those that were announced."""

    code = "checksum_mismatch"
    title = "Upload damaged on its way"


class EgressDenied(InvalidInput):
    """An address that Tidings refuses to connect to (private, reserved, odd port or scheme)."""

    code = "egress_denied"
    title = "Address not allowed"


class FetchFailed(InvalidInput):
    """A public address that could not be fetched: refused, timed out, answered an error status."""

    code = "fetch_failed"
    title = "Page could not be fetched"


class FeedInvalid(InvalidInput):
    """Bytes that are no feed, or one that is not safe to read; the sentence says why."""

    code = "feed_invalid"
    title = "Feed cannot be read"


class SitemapInvalid(InvalidInput):
    """Bytes that are no sitemap, or one that is not safe to read; the sentence says why."""

    code = "sitemap_invalid"
    title = "Sitemap cannot be read"


class OutlineInvalid(InvalidInput):
    """An OPML file that is none, or one that is not safe to read; the sentence says why."""

    code = "outline_invalid"
    title = "OPML file cannot be read"


class ArchiveInvalid(InvalidInput):
    """A backup or an export that is damaged, was cut off, could do harm, or is of a newer version."""

    code = "archive_invalid"
    title = "Archive refused"


class IdempotencyMismatch(InvalidInput):
    """An Idempotency-Key that was used before with a different body."""

    code = "idempotency_mismatch"
    title = "Idempotency-Key reused"


class UnsupportedType(TidingsError):
    """A file type that Tidings does not read."""

    code = "unsupported_type"
    status = 415
    title = "Unsupported file type"


class TooLarge(TidingsError):
    """A body, file or field above its limit."""

    code = "too_large"
    status = 413
    title = "Too large"


class PromptTooLong(TooLarge):
    """More text than the language model can read at once; fewer sources or a shorter question help."""

    code = "prompt_too_long"
    title = "Too long for the language model"


class Unauthenticated(TidingsError):
    """No credential, or one that is unknown, expired or revoked."""

    code = "unauthenticated"
    status = 401
    title = "Sign in required"


class BadCredentials(Unauthenticated):
    """A sign-in with an unknown e-mail address or a wrong password: the two cannot be told apart."""

    code = "bad_credentials"
    title = "Sign-in failed"


class Forbidden(TidingsError):
    """A valid credential without the scope this action needs."""

    code = "forbidden"
    status = 403
    title = "Not allowed"


class TextWithheld(Forbidden):
    """The publisher does not allow showing this text."""

    code = "text_withheld"


class QuotaReached(Forbidden):
    """The tenant has as many documents as it may have."""

    code = "quota_reached"
    title = "Quota reached"


class SetupLinkInvalid(Forbidden):
    """A set-up link that is wrong, used or too old."""

    code = "setup_link_invalid"
    title = "Set-up link not valid"


class BadOrigin(Forbidden):
    """A request with a session cookie that did not come from our own pages."""

    code = "bad_origin"
    title = "Request from another site"


class NotFound(TidingsError):
    """Unknown, deleted, or another tenant's: the three cannot be told apart."""

    code = "not_found"
    status = 404
    title = "Not found"


class Conflict(TidingsError):
    """The state does not allow the action now."""

    code = "conflict"
    status = 409
    title = "Conflict"


class TakenDown(Conflict):
    """An address in a domain that was taken down: it is neither fetched nor stored."""

    code = "taken_down"
    title = "Domain taken down"


class OffsetMismatch(Conflict):
    """A part of an upload that does not begin where the upload goes on; asking how far it is helps."""

    code = "offset_mismatch"
    title = "Upload goes on elsewhere"


class RateLimited(TidingsError):
    """Too many requests; `retry_after_seconds` says when to come back."""

    code = "rate_limited"
    status = 429
    title = "Too many requests"


class ParseFailed(TidingsError):
    """A document that cannot be read. `reason` is the stable code stored on the document.

    Reasons: encrypted, no_text, damaged, bad_encoding, too_complex, parse_timeout, parser_crash,
    resource_exhausted.
    """

    code = "parse_failed"
    status = 422
    title = "Document could not be read"

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class EngineUnavailable(TidingsError):
    """A database, index, queue or model that cannot serve now; trying again later helps."""

    code = "engine_unavailable"
    status = 503
    title = "Temporarily unavailable"


class EngineBroken(EngineUnavailable):
    """An engine that waiting does not mend: it lost what it stored, gave numbers that are none, or could not be loaded."""


class ModelBusy(EngineUnavailable):
    """The language model's queue is full; `retry_after_seconds` says when to come back."""

    code = "model_busy"
    title = "Language model busy"


class ModelTooSlow(EngineUnavailable):
    """The language model did not finish by the deadline."""

    code = "model_too_slow"
    title = "Language model too slow"


class ModelCancelled(EngineUnavailable):
    """An answer that was given up while the model wrote it."""

    code = "model_cancelled"
    title = "Answer given up"


class ConfigurationError(TidingsError):
    """A setting that is missing, unknown or out of range; names the setting."""

    code = "configuration_error"
    title = "Configuration error"

"""Set-up, signing in, people, sessions, API keys and tenants, as the API reads and writes them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, StringConstraints

from api.schemas.common import Moment, Page, Request, Resource, Total
from services.tenants.keys import KeyPage

Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"\S")]
Email = Annotated[str, StringConstraints(min_length=3, max_length=254)]
# The rules beyond length are in services.tenants.passwords; a sign-in takes any text, so that it tells nothing.
Password = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Role = Literal["owner", "editor", "reader"]
AccessScope = Literal["read", "write"]


class SetupState(Resource):
    """Whether the first owner still has to be made."""

    needed: bool


class SetupRequest(Request):
    """The first organisation and its owner, with the token of the set-up link."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "token": "the part after `token=` in the set-up link",
                    "organisation": "The Daily Example",
                    "name": "Ada Reporter",
                    "email": "ada@example.org",
                    "password": "four quiet words here",
                }
            ]
        }
    )
    token: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    organisation: Name
    name: Name
    email: Email
    password: Password


class LoginRequest(Request):
    """E-mail address and password."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"email": "ada@example.org", "password": "four quiet words here"}]}
    )
    email: Email
    password: Password


class UserOut(Resource):
    """A person."""

    id: str
    email: str
    name: str
    role: Role


class TenantRef(Resource):
    """An organisation, by name."""

    id: str
    name: str


class Me(Resource):
    """Who asks: a person, or a program with an API key (`user` is null then)."""

    user: UserOut | None
    tenant: TenantRef
    credential: Literal["session", "api_key"]
    scope: AccessScope


class SessionOut(Resource):
    """One sign-in of the person who asks."""

    id: str
    user_agent: str
    created_at: Moment
    last_seen_at: Moment
    expires_at: Moment
    current: bool


class KeyRequest(Request):
    """A key for a program. `write` includes reading; without `expires_at` it holds until it is revoked."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Morning briefing", "scope": "read", "expires_at": None}]}
    )
    name: Name
    scope: AccessScope
    expires_at: Moment | None = None


class OperatorKeyRequest(Request):
    """A key that the operator makes for a tenant."""

    name: Name
    scope: AccessScope


class KeyOut(Resource):
    """An API key as lists show it: never the key itself."""

    id: str
    name: str
    scope: AccessScope
    last_four: str
    created_at: Moment
    last_used_at: Moment | None
    expires_at: Moment | None
    revoked_at: Moment | None


def key_page(page: KeyPage) -> Page[KeyOut]:
    """The API's view of a page of keys."""
    data = [KeyOut.model_validate(row) for row in page.rows]
    return Page(data=data, next_cursor=page.next_cursor, total=Total(value=page.total))


class NewKey(KeyOut):
    """A key that was just made. `key` is shown this once."""

    key: str


class TenantRequest(Request):
    """A new organisation."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "The Daily Example"}]})
    name: Name


class TenantOut(Resource):
    """An organisation."""

    id: str
    name: str
    created_at: Moment


class UserRequest(Request):
    """A person to add."""

    email: Email
    name: Name
    password: Password
    role: Role

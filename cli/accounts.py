"""Verbs about tenants, people and keys: setup, tenant, user, key."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Annotated, Any

import typer
from rich.markup import escape

from cli.client import Client, CommandFailed, keep_key
from cli.output import Output, age, out, print_json, table

tenant_verbs = typer.Typer(help="Tenants of this installation.", no_args_is_help=True)
user_verbs = typer.Typer(help="People who sign in.", no_args_is_help=True)
key_verbs = typer.Typer(help="API keys.", no_args_is_help=True)

TenantOption = Annotated[str | None, typer.Option("--tenant", help="Tenant id or name; needed when there are several.")]


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.command()(setup)
    app.add_typer(tenant_verbs, name="tenant")
    app.add_typer(user_verbs, name="user")
    app.add_typer(key_verbs, name="key")


def setup(
    context: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Take the defaults without asking.")] = False,
    organisation: Annotated[str, typer.Option(help="Name of the first tenant.")] = "My organisation",
    email: Annotated[
        str, typer.Option(help="Owner's e-mail address, to sign in with.")
    ] = "owner@localhost.localdomain",
    name: Annotated[str, typer.Option(help="Owner's name.")] = "Owner",
    password: Annotated[str | None, typer.Option(help="Owner's password; one is made when not given.")] = None,
) -> None:
    """Create the first tenant, its owner and an API key, without a browser."""
    output: Output = context.obj
    if not yes:
        organisation = typer.prompt("Organisation", default=organisation)
        email = typer.prompt("E-mail", default=email)
        name = typer.prompt("Name", default=name)
        password = password or typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    secret = password or secrets.token_urlsafe(12)
    with output.client(new=True) as client:
        if not client.public("/v1/setup")["needed"]:
            raise CommandFailed("This installation is set up already: sign in, or make a key with `tidings key add`.")
        tenant = client.admin("POST", "/v1/admin/tenants", json={"name": organisation})
        person = {"email": email, "name": name, "password": secret, "role": "owner"}
        client.admin("POST", f"/v1/admin/tenants/{tenant['id']}/users", json=person)
        key = client.admin(
            "POST", f"/v1/admin/tenants/{tenant['id']}/api_keys", json={"name": "Command line", "scope": "write"}
        )
        path = keep_key(output.settings, key["key"])
    made = {"tenant": tenant, "email": email, "api_key": key["key"], "password": None if password else secret}
    lines = [
        f"Tenant {escape(organisation)!r} is ready.",
        f"Sign in as {escape(email)}" + ("" if password else f" with password {secret}"),
    ]
    lines += [f"API key: [bold]{key['key']}[/bold]", f"The command line keeps it in {escape(str(path))}."]
    output.show(made, "\n".join(lines))


@tenant_verbs.command("add")
def add_tenant(context: typer.Context, name: Annotated[str, typer.Argument(help="Its name.")]) -> None:
    """Add a tenant."""
    output: Output = context.obj
    with output.client() as client:
        tenant = client.admin("POST", "/v1/admin/tenants", json={"name": name})
    output.show(
        tenant,
        f"Tenant {escape(name)!r} is {tenant['id']}. Add people with `tidings user add EMAIL --tenant {tenant['id']}`.",
    )


@tenant_verbs.command("list")
def list_tenants(context: typer.Context) -> None:
    """All tenants."""
    output: Output = context.obj
    with output.client() as client:
        tenants = client.admin("GET", "/v1/admin/tenants")["data"]
    output.show(tenants, table(("id", "name", "since"), [(t["id"], t["name"], t["created_at"][:10]) for t in tenants]))


@user_verbs.command("add")
def add_user(
    context: typer.Context,
    email: Annotated[str, typer.Argument(help="E-mail address to sign in with.")],
    tenant: TenantOption = None,
    name: Annotated[str | None, typer.Option(help="Name; the part before @ when not given.")] = None,
    role: Annotated[str, typer.Option(help="owner, editor or reader.")] = "editor",
    password: Annotated[str | None, typer.Option(help="Password; one is made when not given.")] = None,
) -> None:
    """Add a person to a tenant."""
    output: Output = context.obj
    secret = password or secrets.token_urlsafe(12)
    person = {"email": email, "name": name or email.split("@")[0], "password": secret, "role": role}
    with output.client() as client:
        chosen = find_tenant(client, tenant)
        user = client.admin("POST", f"/v1/admin/tenants/{chosen['id']}/users", json=person)
    made = user if password else {**user, "password": secret}
    note = "" if password else f"\nPassword, shown once: [bold]{secret}[/bold]"
    output.show(made, f"{escape(email)} can sign in to {escape(chosen['name'])!r} as {role}.{note}")


@key_verbs.command("add")
def add_key(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    scope: Annotated[str, typer.Option(help="read, or write (which includes reading).")] = "read",
    tenant: TenantOption = None,
) -> None:
    """Make an API key; it is shown once."""
    output: Output = context.obj
    with output.client() as client:
        chosen = find_tenant(client, tenant)
        key = client.admin("POST", f"/v1/admin/tenants/{chosen['id']}/api_keys", json={"name": name, "scope": scope})
    output.show(key, f"API key for {escape(chosen['name'])!r}, shown once: [bold]{key['key']}[/bold]")


@key_verbs.command("list")
def list_keys(context: typer.Context, tenant: TenantOption = None) -> None:
    """The keys of a tenant: of the one named, else of the one whose key this command uses."""
    output: Output = context.obj
    with output.client() as client:
        of, ask, path = keys_of(client, tenant)
        keys: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            page = ask("GET", path, params={"limit": 100, **({"cursor": cursor} if cursor else {})})
            keys += page["data"]
            cursor = page["next_cursor"]
            if cursor is None:
                break
    if output.as_json:
        print_json(keys)
        return
    out.print(f"Keys of {escape(of['name'])!r} ({of['id']}):")
    rows = [
        (
            k["id"],
            k["name"],
            k["scope"],
            "…" + k["last_four"],
            age(k["last_used_at"]),
            "revoked" if k["revoked_at"] else "",
        )
        for k in keys
    ]
    out.print(table(("id", "name", "scope", "key", "used", ""), rows))


@key_verbs.command("revoke")
def revoke_key(
    context: typer.Context,
    key_id: Annotated[str, typer.Argument(help="Id from `tidings key list`.")],
    tenant: TenantOption = None,
) -> None:
    """Revoke a key; it stops working within seconds."""
    output: Output = context.obj
    with output.client() as client:
        _, ask, path = keys_of(client, tenant)
        ask("DELETE", f"{path}/{key_id}")
    out.print(f"Key {escape(key_id)} is revoked.")


def keys_of(client: Client, wanted: str | None) -> tuple[dict[str, Any], Callable[..., Any], str]:
    """The tenant whose keys are meant, how to ask about them, and where they are.

    Without a name it is that of the key in use; without a key, too, it is the only tenant there is.
    """
    if wanted is None and client.has_key():
        return client.call("GET", "/v1/me")["tenant"], client.call, "/v1/api_keys"
    tenant = find_tenant(client, wanted)
    return tenant, client.admin, f"/v1/admin/tenants/{tenant['id']}/api_keys"


def find_tenant(client: Client, wanted: str | None) -> dict[str, Any]:
    """The tenant meant: by id or name, or the only one."""
    tenants: list[dict[str, Any]] = client.admin("GET", "/v1/admin/tenants")["data"]
    found = [t for t in tenants if wanted in (t["id"], t["name"])] if wanted else tenants
    if len(found) == 1:
        return found[0]
    if not tenants:
        raise CommandFailed("There is no tenant yet: run `tidings setup --yes`.")
    if wanted and not found:
        raise CommandFailed(f"No tenant is called {wanted!r}; `tidings tenant list` shows them.")
    names = ", ".join(f"{t['name']} ({t['id']})" for t in tenants)
    raise CommandFailed(f"Say which tenant with --tenant: {names}.")

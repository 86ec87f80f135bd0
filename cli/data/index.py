"""Verbs about the search index: reindex, reconcile, snapshot."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from cli.accounts import find_tenant
from cli.client import Client
from cli.output import Output, err, out

POLL_SECONDS = 0.5
ENDED = {"done", "failed", "cancelled"}

TenantOption = Annotated[str | None, typer.Option("--tenant", help="Only this tenant, by id or name; default: all.")]
WaitOption = Annotated[bool, typer.Option(help="Wait until it is done; Ctrl+C lets it go on by itself.")]


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    for verb in (reindex, reconcile, snapshot):
        app.command()(verb)


def reindex(context: typer.Context, tenant: TenantOption = None, wait: WaitOption = True) -> None:
    """Build the search index anew from the stored texts, while the old one serves: after a change of model, or damage."""
    run(context.obj, "reindex", tenant, wait=wait)


def reconcile(context: typer.Context, tenant: TenantOption = None, wait: WaitOption = True) -> None:
    """Compare the search index with the documents and mend it. Happens every night by itself."""
    run(context.obj, "reconcile", tenant, wait=wait)


def snapshot(
    context: typer.Context,
    tenant: TenantOption = None,
    listed: Annotated[bool, typer.Option("--list", help="Show the snapshots that are kept.")] = False,
    restore: Annotated[bool, typer.Option("--restore", help="Put the newest one back, then compare and mend.")] = False,
    wait: WaitOption = True,
) -> None:
    """Have the Qdrant server make a snapshot of the search index, to restore it faster than `tidings reindex` does."""
    if listed and restore:
        raise typer.BadParameter("--list and --restore exclude each other.")
    if listed:
        show_snapshots(context.obj, tenant)
    else:
        run(context.obj, "restore" if restore else "snapshots", tenant, wait=wait)


def show_snapshots(output: Output, tenant: str | None) -> None:
    """A line per snapshot."""
    with output.client() as client:
        kept = [
            {"tenant": each["name"], **one}
            for each in chosen(client, tenant)
            for one in client.admin("GET", f"/v1/admin/tenants/{each['id']}/snapshots")["data"]
        ]
    lines = [f"{one['tenant']}: {one['name']}, {one['at']}, {one['size'] / 2**20:.1f} MiB" for one in kept]
    output.show(kept, "\n".join(lines) or "There are none; `tidings snapshot` makes them.")


def chosen(client: Client, tenant: str | None) -> list[dict[str, Any]]:
    """All tenants, or the one that was named."""
    if tenant is not None:
        return [find_tenant(client, tenant)]
    return list(client.admin("GET", "/v1/admin/tenants")["data"])


def run(output: Output, verb: str, tenant: str | None, *, wait: bool) -> None:
    """Ask for a job per tenant, and follow one after the other."""
    with output.client() as client:
        jobs = [
            (each, client.admin("POST", f"/v1/admin/tenants/{each['id']}/{verb}")) for each in chosen(client, tenant)
        ]
        ended = [follow(client, each, job) if wait else job for each, job in jobs]
    if output.as_json:
        output.show(ended, "")
    elif not wait:
        out.print(f"{len(jobs)} queued; the maintenance worker does them.")
    if any(job["status"] in ("failed", "cancelled") for job in ended):
        raise typer.Exit(1)


def follow(client: Client, tenant: Mapping[str, Any], job: dict[str, Any]) -> dict[str, Any]:
    """Tell the steps of a job until it ends; returns it with all of them."""
    path = f"/v1/admin/tenants/{tenant['id']}/jobs/{job['id']}"
    steps: list[dict[str, Any]] = []
    while True:
        last = steps[-1]["id"] if steps else 0
        job = client.admin("GET", path, params={"after": last})
        for step in job["steps"]:
            err.print(f"{tenant['name']}: {sentence(step['stage'], step['detail'])}", markup=False)
        steps += job["steps"]
        if job["status"] in ENDED:
            return {**job, "steps": steps}
        time.sleep(POLL_SECONDS)


def sentence(stage: str, detail: Mapping[str, Any]) -> str:
    """A step in words."""
    if stage == "copying":
        return f"{detail['done']} of {detail['total']} documents copied"
    if stage in ("checking", "reconciled"):
        return (
            f"{detail['documents']} documents have {detail['chunks']} chunks, the index {detail['points']} points; "
            f"{detail['missing_documents']} documents to mend, {detail['orphan_points']} points to remove"
        )
    if stage == "switched":
        return f"searches are answered from generation {detail['generation']}"
    if stage == "snapshot_made":
        return f"snapshot {detail['name']} made, {detail['bytes'] / 2**20:.1f} MiB"
    if stage == "restored":
        return f"snapshot {detail['name']} is back; what changed since is being mended"
    return f"{stage}: {detail['detail']}" if "detail" in detail else stage

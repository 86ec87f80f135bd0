"""Verbs that move one tenant: export, import."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from cli.client import MODEL_SECONDS, CommandFailed
from cli.data.backup import MIB, progress
from cli.output import Output
from cli.processes import demand_current
from cli.running import running_url
from services.settings import SQLITE_FILE, Settings

if TYPE_CHECKING:
    from services.models import Tenant
    from services.runtime import Runtime
    from services.system.keep.archive import ArchiveReader, Tell

TenantOption = Annotated[str | None, typer.Option("--tenant", help="Tenant id or name; needed when there are several.")]


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.command()(export)
    app.command("import")(import_)


def export(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Where to; must not exist yet.")],
    tenant: TenantOption = None,
) -> None:
    """Write one tenant into a file of an open format: documents, their bytes and texts, vectors, sources, answers.

    Not in it: people, API keys, unfinished uploads, work under way. docs/tenant-archive.md describes the format.
    """
    from services.system.keep.tenant.outward import export_tenant
    from services.tenants.tenants import list_tenants

    output: Output = context.obj
    with installation(output.settings, for_import=False) as (runtime, _), progress() as tell:
        chosen = find(list_tenants(runtime), tenant)
        said = export_tenant(runtime, chosen, file, tell)
    counts = said["counts"]
    text = (
        f"{escape(str(file))}: {escape(chosen.name)!r} with {counts['documents']:,} documents, {counts['answers']:,} answers, "
        f"{counts['sources']:,} sources; {file.stat().st_size / MIB:,.1f} MiB."
    )
    output.show({"file": str(file), **said}, text)


def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A file that `tidings export` wrote.")],
    tenant: Annotated[
        str | None,
        typer.Option(
            "--tenant", help="Tenant id or name, or the name of a new one; default: the one it was, made if missing."
        ),
    ] = None,
    wait: Annotated[bool, typer.Option(help="Wait until everything can be found.")] = True,
) -> None:
    """Take a tenant's file in: into the tenant it was, another one, or a new one. What is there already stays as it is.

    The file is checked as a whole before anything is stored. Sources come in paused. Repeat it after a kill: it goes on.
    """
    from services.system.keep.tenant.inward import import_tenant, open_tenant_archive

    output: Output = context.obj
    with (
        open_tenant_archive(file) as archive,
        installation(output.settings, for_import=True) as (runtime, is_alone),
        progress() as tell,
    ):
        chosen = target(runtime, archive, tenant)
        imported = import_tenant(runtime, chosen, archive, tell)
        if wait:
            index(runtime, tell, is_alone=is_alone)
    counts = imported.counts()
    text = (
        f"{counts['documents']:,} documents came into {escape(chosen.name)!r} ({counts['there_already']:,} were there "
        f"already), {counts['answers']:,} answers, {counts['sources']:,} sources (paused)."
    )
    if counts["taken_down"] or counts["unreadable"]:
        text += (
            f"\nLeft out: {counts['taken_down']:,} of domains that were taken down, {counts['unreadable']:,} that came "
            "without bytes."
        )
    output.show({"tenant": {"id": chosen.id, "name": chosen.name}, **counts}, text)


@contextmanager
def installation(settings: Settings, *, for_import: bool) -> Iterator[tuple[Runtime, bool]]:
    """The data of this installation, and whether nobody else works on it. Raises: CommandFailed, ConfigurationError."""
    from cli.data.upgrade import bring_up_to_date
    from cli.service import lock_folder
    from services.runtime import open_runtime

    is_folder = not settings.database_url
    if is_folder and not for_import and not (settings.data_dir / SQLITE_FILE).is_file():
        raise CommandFailed(f"{settings.data_dir} is no data folder of Tidings; set TIDINGS_DATA_DIR.")
    runtime = open_runtime(settings)
    with contextlib.ExitStack() as stack:
        stack.callback(runtime.close)
        is_alone = is_folder and running_url(settings) is None
        if is_alone:
            stack.enter_context(lock_folder(settings))
            bring_up_to_date(runtime)
        demand_current(runtime)
        yield runtime, is_alone


def find(tenants: Sequence[Tenant], wanted: str | None) -> Tenant:
    """The tenant meant: by id or name, or the only one."""
    found = [each for each in tenants if wanted in (each.id, each.name)] if wanted else list(tenants)
    if len(found) == 1:
        return found[0]
    names = ", ".join(f"{each.name} ({each.id})" for each in tenants) or "none yet"
    raise CommandFailed(f"Say which tenant with --tenant; there are: {names}.")


def target(runtime: Runtime, archive: ArchiveReader, wanted: str | None) -> Tenant:
    """The tenant to import into; made when there is none of that name."""
    from services.tenants.tenants import create_tenant, list_tenants

    was = archive.manifest.get("tenant")
    known = was if isinstance(was, dict) else {}
    names = (wanted,) if wanted else (known.get("id"), known.get("name"))
    for name in filter(None, names):
        for each in list_tenants(runtime):
            if name in (each.id, each.name):
                return each
    name = wanted or known.get("name")
    if not isinstance(name, str) or not name.strip() or len(name) > 200:
        raise CommandFailed("The file does not say whose it is: give a name with --tenant.")
    return create_tenant(runtime, name)


def index(runtime: Runtime, tell: Tell, *, is_alone: bool) -> None:
    """Wait for the workers, or do their work where there are none."""
    from services.handlers import HANDLERS
    from services.system.keep.restore import POLL_SECONDS, run_jobs, waiting

    if is_alone:
        runtime.embedder.wait(MODEL_SECONDS)
        run_jobs(runtime, HANDLERS, tell)
        return
    total = waiting(runtime)
    while left := waiting(runtime):
        tell("Indexing", total - left, total)
        time.sleep(POLL_SECONDS)

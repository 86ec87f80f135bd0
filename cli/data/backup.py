"""Verbs that keep an installation: backup, backup verify, restore."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from cli.client import MODEL_SECONDS
from cli.output import Output, err
from services.errors import ArchiveInvalid
from services.version import VERSION

if TYPE_CHECKING:
    from services.system.keep.archive import ArchiveReader, Tell

MIB = 2**20

BackupFile = Annotated[Path, typer.Argument(help="A file that `tidings backup` wrote.")]


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.command()(backup)
    app.command()(restore)


def backup(
    context: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILE] | verify FILE", help="Where to; by default tidings-backup-<time>.zip here."),
    ] = None,
    keys: Annotated[
        bool, typer.Option(help="Put the installation's keys in: with them API keys and sign-ins go on working.")
    ] = True,
) -> None:
    """Copy everything into one file, while Tidings runs: database, files as they came, vectors, keys. `verify` checks one.

    The file opens everything that is stored: keep it as you keep the data folder. It is written aside and appears when it is
    whole; none is ever overwritten.
    """
    from services.system.keep.backup import backup as write_backup

    output: Output = context.obj
    given = words or []
    if given[:1] == ["verify"] and len(given) == 2:
        verify(output, Path(given[1]))
        return
    if len(given) > 1:
        raise typer.BadParameter("give one FILE, or `verify` and a FILE.")
    file = Path(given[0] if given else f"tidings-backup-{datetime.now(UTC):%Y%m%d-%H%M%S}.zip")
    with progress() as tell:
        said = write_backup(output.settings, file, tell, with_keys=keys)
    lost = said["counts"]["originals_lost"]
    text = f"{escape(str(file))}: {described(said)}, {file.stat().st_size / MIB:,.1f} MiB." + (
        f"\n{lost} documents have no original in the data folder; their text is kept." if lost else ""
    )
    text += (
        "\nIt holds the keys of this installation: who has it can read everything."
        if keys
        else ("\nIt holds no keys: keep secret.key apart, API keys and sign-ins of before need it.")
    )
    output.show({"file": str(file), "size": file.stat().st_size, **said}, text)


def verify(output: Output, file: Path) -> None:
    """Read all of a backup and compare it with what was written."""
    from services.system.keep.backup import open_backup

    with open_backup(file) as archive, progress() as tell:
        archive.verify(tell, sealed=True)
        said = archive.manifest
    output.show({"file": str(file), "whole": True, **said}, f"{escape(str(file))} is whole: {described(said)}.")


def restore(
    context: typer.Context,
    file: BackupFile,
    replace: Annotated[
        bool, typer.Option("--replace", help="Move what the data folder holds into before-restore-<time> inside it.")
    ] = False,
) -> None:
    """Make the data folder what a backup holds, with its index built anew. Refuses a folder that holds something.

    The backup is checked first. Killed at any moment, the same command does it again; until it is done no server starts.
    """
    from cli.service import lock_folder
    from migrations.history import upgrade
    from services.handlers import HANDLERS
    from services.runtime import open_runtime
    from services.system.keep.backup import open_backup
    from services.system.keep.restore import build_index, put_in_place, unpack

    output: Output = context.obj
    settings = output.settings
    demand_own_engines(settings.database_url or settings.qdrant_url)
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with lock_folder(settings, restoring=True), progress() as tell:
        with open_backup(file) as archive:
            refuse_newer(archive)
            archive.verify(tell, sealed=True)
            aside = unpack(archive, settings.data_dir, tell, replace=replace)
            said = archive.manifest
        runtime = open_runtime(settings.model_copy(update={"data_dir": aside}), with_bell=False)
        with contextlib.closing(runtime):
            upgrade(runtime.database)
            tell("Loading the embedding model", 0, 0)
            runtime.embedder.wait(MODEL_SECONDS)
            is_indexed = build_index(runtime, HANDLERS, tell)
        before = put_in_place(settings.data_dir)
    lines = [
        f"{escape(str(settings.data_dir.resolve()))} holds the backup of {said['made_at'][:16]}: {described(said)}."
    ]
    if before is not None:
        lines.append(f"What was there is in {escape(str(before))}; remove it once you have looked.")
    if not said["keys"]:
        lines.append("The backup holds no keys: put secret.key there before the start, or make new API keys.")
    if not is_indexed:
        lines.append("The embedding model is not here: searches find nothing until it is and `tidings up` has indexed.")
    lines.append("Start it with `tidings up`.")
    result = {
        "folder": str(settings.data_dir),
        "indexed": is_indexed,
        "before": str(before) if before else None,
        **said,
    }
    output.show(result, "\n".join(lines))


def demand_own_engines(servers: str) -> None:
    """Refuse to restore into servers."""
    if servers:
        raise ArchiveInvalid(
            "A backup is of one folder, and this installation keeps its data in servers. Restore it with TIDINGS_DATA_DIR "
            "alone set, then move with `tidings migrate-embedded`; docs/operations.md says how servers are restored."
        )


def refuse_newer(archive: ArchiveReader) -> None:
    """Old code on new tables would lose what it does not know of."""
    from migrations.history import known_revisions

    if archive.manifest.get("tables") not in known_revisions():
        raise ArchiveInvalid(
            f"{archive.file.name} was written by Tidings {archive.manifest.get('tidings')} (version "
            f"{archive.manifest.get('tables')} of its tables), this is {VERSION}: install that version or a later one."
        )


def described(said: dict[str, Any]) -> str:
    """The counts of a manifest in words."""
    counts = said["counts"]
    return (
        f"{counts['documents']:,} documents with {counts['originals']:,} originals, {counts['users']:,} people, "
        f"{counts['tenants']:,} tenants, by Tidings {said['tidings']}"
    )


@contextmanager
def progress() -> Iterator[Tell]:
    """Shows how far something is; nothing stays on the screen, and nothing is written where there is none."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True) as shown:
        task = shown.add_task("", total=None)
        now = ""

        def tell(what: str, done: int, of: int) -> None:
            nonlocal now
            if what != now:
                now = what
                shown.reset(task, description=what)
            shown.update(task, completed=done, total=of or None)

        yield tell

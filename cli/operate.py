"""Verbs about the installation: up, status, doctor, config."""

from __future__ import annotations

import contextlib
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import SecretStr
from rich.markup import escape

from cli.bundle import shown, write_bundle
from cli.output import Output, err, out, table
from cli.supervisor import supervise
from services.logs import configure_logging
from services.settings import PREFIX, Settings
from services.system.heap import uncollected

if TYPE_CHECKING:
    from services.system.doctor.finding import Finding

MARKS = {"ok": "[green]  ok[/green]", "warn": "[yellow]warn[/yellow]", "fail": "[red]fail[/red]"}


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    for verb in (up, status, doctor, config):
        app.command()(verb)


def up(context: typer.Context) -> None:
    """Start Tidings on this machine: one process, one data folder; several with TIDINGS_PROFILE=distributed. Ctrl+C stops it."""
    with uncollected():
        from cli.processes import demand_servers
        from cli.service import bind, running_service, tell_setup
        from services.ingest.index.generations import open_all

    output: Output = context.obj
    if output.settings.profile == "distributed":
        demand_servers(output.settings)
        # Before anything starts: the gateway would be started over and over.
        bind(output.settings, 1).close()
        raise typer.Exit(supervise())
    configure_logging(output.settings)
    with running_service(output.settings, tell=lambda step: err.print(f"[dim]{step} …[/dim]")) as service:
        # Not in the servers that other verbs start for a moment.
        threading.Thread(target=open_all, args=(service.runtime,), name="open indexes", daemon=True).start()
        folder = output.settings.data_dir.resolve()
        out.print(f"\n[bold]Tidings[/bold] is running at [link={service.url}]{service.url}[/link]")
        if (
            not service.url.endswith(f":{output.settings.port}")
            and output.settings.port
            and not output.settings.public_url
        ):
            out.print(f"Port {output.settings.port} was taken; this is the next free one.")
        out.print(f"Data folder: {escape(str(folder))}", soft_wrap=True)
        tell_setup(service, out)
        out.print("Ctrl+C stops it.\n")
        # Once it has answered the last request, uvicorn raises the signal that stopped it again.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with contextlib.suppress(KeyboardInterrupt):
            service.run()
        err.print("[dim]Stopping …[/dim]")


def status(context: typer.Context) -> None:
    """What is running, and what it can do right now."""
    output: Output = context.obj
    with output.client() as client:
        state = client.call("GET", "/v1/system/status")
    rows = [(part["name"], part["state"], part["detail"]) for part in state["components"]]
    counts = state["documents"]
    output.show(state, table(("part", "state", "detail"), rows))
    if not output.as_json:
        out.print(
            f"\nSearch: {state['search_mode']}. Documents: {counts['ready']} ready, {counts['working']} on their way, {counts['failed']} failed."
        )


def doctor(
    context: typer.Context,
    bundle: Annotated[
        Path | None, typer.Option(help="Write a zip for a bug report here: findings, settings, versions, no secrets.")
    ] = None,
    log: Annotated[Path | None, typer.Option(help="A log file whose last lines go into the bundle.")] = None,
) -> None:
    """Check this machine, the engines and the installation; each finding comes with what to do. Exit code 1 on a fail."""
    from cli.doctor import examine

    output: Output = context.obj
    findings = []
    for finding in examine(output.settings):
        findings.append(finding)
        if not output.as_json:
            print_finding(finding)
    if output.as_json:
        output.show([finding.__dict__ for finding in findings], "")
    if bundle is not None:
        write_bundle(bundle, output.settings, findings, log_file=log)
        err.print(f"Written without secrets: {escape(str(bundle))}", soft_wrap=True)
    if any(finding.state == "fail" for finding in findings):
        raise typer.Exit(1)


def print_finding(finding: Finding) -> None:
    """One line, and one more with what to do."""
    out.print(f"{MARKS[finding.state]}  [bold]{finding.name}[/bold]: {escape(finding.detail)}", soft_wrap=True)
    if finding.fix:
        out.print(f"      do: {escape(finding.fix)}", soft_wrap=True)


def config(
    context: typer.Context,
    markdown: Annotated[bool, typer.Option("--markdown", help="The table of defaults, as in the README.")] = False,
) -> None:
    """All settings: name, value in force, meaning. Set them as environment variables."""
    output: Output = context.obj
    if markdown:
        out.print(settings_table(), markup=False, soft_wrap=True)
        return
    values = {PREFIX + name.upper(): shown(output.settings, name) for name in Settings.model_fields}
    rows = [
        (PREFIX + name.upper(), shown(output.settings, name), field.description)
        for name, field in Settings.model_fields.items()
    ]
    output.show(values, table(("setting", "value", "meaning"), rows))


def settings_table() -> str:
    """The defaults of all settings as a Markdown table."""
    rows = ["| Setting | Default | Meaning |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        default = field.get_default(call_default_factory=True)
        value = default.get_secret_value() if isinstance(default, SecretStr) else default
        cell = "" if value in ("", []) else f"`{value}`"
        rows.append(f"| `{PREFIX}{name.upper()}` | {cell} | {field.description} |")
    return "\n".join(rows)

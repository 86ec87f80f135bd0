"""The verb `demo`: something to look around with, before anything of your own is there."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn

from cli.client import CommandFailed
from cli.output import Output, err, out, print_json

POLL_SECONDS = 0.25
# Far longer than it takes; a worker that is away must not keep the command forever.
PATIENCE_SECONDS = 300.0


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(demo)


def demo(
    context: typer.Context,
    remove: Annotated[
        bool, typer.Option("--remove", help="Take out again what came with the demo, and the answers that quote it.")
    ] = False,
) -> None:
    """Load two weeks of news from an invented region: articles, reports, a scan, and questions to ask."""
    output: Output = context.obj
    with output.client() as client:
        if remove:
            had = client.call("GET", "/v1/demo")
            standing = client.call("DELETE", "/v1/demo")
        else:
            standing = client.call("POST", "/v1/demo")
            deadline = time.monotonic() + PATIENCE_SECONDS
            with Progress(SpinnerColumn(), TextColumn("{task.description}"), console=err, transient=True) as progress:
                task = progress.add_task("", total=None)
                while standing["working"]:
                    if time.monotonic() > deadline:
                        raise CommandFailed(f"{standing['working']} documents still wait: is a worker running?")
                    progress.update(task, description=f"{standing['ready']} documents ready")
                    time.sleep(POLL_SECONDS)
                    standing = client.call("GET", "/v1/demo")
    if output.as_json:
        print_json(standing)
    elif remove:
        gone = had["ready"] + had["working"] + had["failed"]
        out.print(
            f"{gone} documents of the demo removed, and the answers that quoted them."
            if gone
            else "The demo was not loaded."
        )
    else:
        tell(standing)


def tell(standing: dict[str, Any]) -> None:
    """Say what is there, and what to do with it."""
    out.print(f"{standing['ready']} of {standing['pack_size']} documents of the demo are ready. Now ask:")
    for question in standing["questions"]:
        out.print(f'  tidings ask "{escape(question)}"', soft_wrap=True)
    missing = standing["pack_size"] - standing["ready"]
    if missing:
        out.print(f"[dim]{missing} cannot be read by this version.[/dim]")
    out.print("[dim]tidings demo --remove takes it out again.[/dim]")

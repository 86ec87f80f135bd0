"""The `tidings` command."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cli import accounts, documents, evaluate, operate, sources
from cli.client import CommandFailed
from cli.output import Output, err
from services.errors import TidingsError
from services.logs import configure_logging
from services.settings import load_settings

app = typer.Typer(
    name="tidings",
    help="Self-hosted news intelligence: bring documents in, search them, ask, and read the cited passage.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for verbs in (operate, accounts, documents, sources, evaluate):
    verbs.register(app)


@app.callback()
def options(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    url: Annotated[str | None, typer.Option(help="Server to talk to; default: the one on this data folder.")] = None,
    key: Annotated[str | None, typer.Option(help="API key; default: the command line's own.")] = None,
) -> None:
    """Options of every verb."""
    settings = load_settings()
    configure_logging(settings, least="ERROR")
    context.obj = Output(settings=settings, as_json=as_json, url=url, key=key)


def main() -> None:
    """Run a command; an expected failure is one sentence and exit code 1."""
    try:
        app()
    except (CommandFailed, TidingsError) as error:
        err.print(
            f"[red]{type(error).title if isinstance(error, TidingsError) else 'Not done'}[/red]: {error}",
            highlight=False,
        )
        sys.exit(1)
    except OSError as error:
        err.print(
            f"[red]Not done[/red]: {error.strerror or error} ({error.filename}); check the path and its permissions.",
            highlight=False,
        )
        sys.exit(1)


if __name__ == "__main__":
    main()

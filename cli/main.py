"""The `tidings` command."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.markup import escape

from cli import accounts, documents, library, operate, processes, sources
from cli.client import CommandFailed
from cli.data import backup, demo, index, retention, tenant_file
from cli.eval import evaluate, plan
from cli.examples import show_examples
from cli.output import Output, err
from cli.start import hint
from services.errors import TidingsError
from services.logs import configure_logging
from services.settings import load_settings

app = typer.Typer(
    name="tidings",
    help="Self-hosted news intelligence: bring documents in, search them, ask, and read the cited passage.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for verbs in (
    operate,
    accounts,
    demo,
    documents,
    library,
    sources,
    index,
    backup,
    tenant_file,
    retention,
    evaluate,
    plan,
    processes,
):
    verbs.register(app)
show_examples(app)


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
            f"[red]Not done[/red]: {error.strerror or error} ({error.filename}); {hint(error)}.",
            highlight=False,
        )
        sys.exit(1)
    except Exception as error:
        reason = refusal_of_database(error)
        if reason is None:
            raise
        err.print(
            f"[red]Not done[/red]: The database refuses: {escape(reason)}. Check TIDINGS_DATABASE_URL and TIDINGS_DATABASE_ADMIN_URL.",
            highlight=False,
        )
        sys.exit(1)


def refusal_of_database(error: Exception) -> str | None:
    """What a database server said that refuses us; None for any other error."""
    from sqlalchemy.exc import OperationalError

    if not isinstance(error, OperationalError):
        return None
    # The last line of psycopg's message is the server's own sentence; it names no password.
    return (str(error.orig).strip().splitlines() or [type(error).__name__])[-1]


if __name__ == "__main__":
    main()

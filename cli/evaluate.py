"""Verbs that measure quality against labelled data: eval feeds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from cli.output import Output, out, table

Folder = Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder of the labelled data.")]


def register(app: typer.Typer) -> None:
    """Add the group `eval` and its verbs."""
    group = typer.Typer(help="Measure quality against labelled data.", no_args_is_help=True)
    for verb in (feeds,):
        group.command()(verb)
    app.add_typer(group, name="eval")


def feeds(
    context: typer.Context,
    folder: Folder,
    least: Annotated[float, typer.Option(help="Fail below this overall agreement.")] = 0.97,
) -> None:
    """How well feeds are read: agreement by field, ours beside feedparser's; each refused feed with its reason."""
    # Brings feedparser in, which no other command needs.
    from services.sources.evaluate import evaluate_feeds

    output: Output = context.obj
    report = evaluate_feeds(folder)
    ours, theirs = report.ours.shares(), report.feedparser.shares()
    counted = {**report.ours.counted, "overall": report.ours.counted.total(), "whole feeds": report.ours.feeds}
    rows = [(name, f"{ours[name]:.3f}", f"{theirs[name]:.3f}", counted.get(name, 0)) for name in ours]
    value = {
        "feeds": report.feeds,
        "refused": report.refused,
        "differs": report.wrong,
        "agreement": ours,
        "feedparser": theirs,
        "counted": counted,
    }
    output.show(value, table(("field", "agreement", "feedparser", "counted"), rows))
    if not output.as_json:
        for name, reason in report.refused.items():
            out.print(f"refused  {escape(name)}: {escape(reason)}", soft_wrap=True)
        for line in report.wrong:
            out.print(f"differs  {escape(line)}", soft_wrap=True)
        out.print(f"{report.feeds} feeds, {report.feeds - len(report.refused)} parsed, {len(report.refused)} refused.")
    if report.ours.overall < least:
        raise typer.Exit(1)

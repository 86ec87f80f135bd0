"""Verbs that measure quality against labelled data: eval feeds, eval extraction."""

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
    for verb in (feeds, extraction):
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


def extraction(
    context: typer.Context,
    folder: Folder,
    least: Annotated[
        float, typer.Option(help="Fail when F1 is not this much above trafilatura's precision mode.")
    ] = 0.002,
    worst: Annotated[int, typer.Option(help="How many of the worst pages to name.")] = 5,
) -> None:
    """How well articles are read from pages: precision, recall and F1 of words, ours beside trafilatura's modes."""
    # Brings the parsers in, which no other command needs.
    from services.ingest.evaluate import evaluate_extraction

    output: Output = context.obj
    report = evaluate_extraction(folder, output.settings)
    figures = {name: scores.figures() for name, scores in report.readers.items()}
    facts = {name: {"right": right, "known": known} for name, (right, known) in report.facts.items()}
    lowest = sorted(report.by_page.items(), key=lambda entry: entry[1])[:worst]
    value = {
        "pages": report.pages,
        "readers": figures,
        "lead": round(report.lead, 4),
        "facts": facts,
        "refused": report.refused,
        "partial": report.partial,
        "by_page": report.by_page,
    }
    rows = [
        (name, *(f"{part[key]:.4f}" for key in ("precision", "recall", "f1")), part["cpu_ms"])
        for name, part in figures.items()
    ]
    output.show(value, table(("reader", "precision", "recall", "F1", "ms a page"), rows))
    if not output.as_json:
        for name, (right, known) in report.facts.items():
            out.print(f"{name}: {right} of {known} right")
        for name, reason in report.refused.items():
            out.print(f"refused  {escape(name)}: {escape(reason)}", soft_wrap=True)
        for name, score in lowest:
            out.print(f"lowest   {escape(name)}: {score:.4f}", soft_wrap=True)
        out.print(
            f"{report.pages} pages, {len(report.partial)} partial, {len(report.refused)} refused; lead {report.lead:+.4f}."
        )
    if report.lead < least:
        raise typer.Exit(1)

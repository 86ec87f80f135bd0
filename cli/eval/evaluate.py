"""Verbs that measure quality against labelled data: eval feeds, extraction, documents, retrieval, answers, golden."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from cli.client import CommandFailed
from cli.output import Output, out, table

if TYPE_CHECKING:
    from services.demo.golden import Verdict

# How a claim may be judged, in the order of the table.
LEVELS = ("supported", "partly", "unsupported")
Folder = Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder of the labelled data.")]


def register(app: typer.Typer) -> None:
    """Add the group `eval` and its verbs."""
    group = typer.Typer(help="Measure quality against labelled data.", no_args_is_help=True)
    for verb in (feeds, extraction, documents, retrieval, answers, golden):
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


def documents(
    context: typer.Context,
    folder: Folder,
    least: Annotated[
        float, typer.Option(help="Fail when Word documents, tables or PDFs with text agree less than this.")
    ] = 0.95,
    worst: Annotated[int, typer.Option(help="How many of the documents with the least agreement to name.")] = 5,
) -> None:
    """How well documents are read: words that agree with a reference, by format, ours beside the libraries' own text."""
    # Brings the parsers in, which no other command needs.
    from services.ingest.evaluate_documents import WHOLE, evaluate_documents

    output: Output = context.obj
    report = evaluate_documents(folder, output.settings)
    figures = {
        format_: {reader: agreement.figures() for reader, agreement in readers.items()}
        for format_, readers in report.readers.items()
    }
    rows = [
        (
            format_,
            reader,
            len(report.readers[format_][reader].scores),
            *(f"{part[key]:.4f}" for key in ("precision", "recall", "agreement")),
            f"{part['ms']:.0f}" if part["ms"] else "",
        )
        for format_, readers in figures.items()
        for reader, part in readers.items()
    ]
    value = {"formats": figures, "refused": report.refused, "by_document": report.by_document}
    output.show(value, table(("format", "reader", "documents", "precision", "recall", "agreement", "ms each"), rows))
    if not output.as_json:
        for name, reason in report.refused.items():
            out.print(f"refused  {escape(name)}: {escape(reason)}", soft_wrap=True)
        for name, score in sorted(report.by_document.items(), key=lambda entry: entry[1])[:worst]:
            out.print(f"lowest   {escape(name)}: {score:.4f}", soft_wrap=True)
    if any(report.ours(format_) < least for format_ in WHOLE if format_ in figures):
        raise typer.Exit(1)


def retrieval(
    context: typer.Context,
    folder: Folder,
    history: Annotated[bool, typer.Option("--history", help="Ask with the questions asked before.")] = False,
    least: Annotated[float, typer.Option(help="Fail when our nDCG@10 is below this.")] = 0.0,
) -> None:
    """How well documents are found: a collection in BEIR's layout, by words, by meaning, by plain RRF, and as we search.

    Fails when our order is worse than that of plain RRF or of the better of both legs.
    """
    # Brings the engines in, which most commands do not need.
    from services.search.evaluate import HYBRID, METRICS, evaluate_retrieval

    output: Output = context.obj
    report = evaluate_retrieval(folder, output.settings, history=history)
    means = report.means()
    value = {"documents": report.documents, "chunks": report.chunks, "questions": report.questions, "runs": means}
    rows = [(run, *(f"{figures[name]:.4f}" for name in METRICS)) for run, figures in means.items()]
    output.show(value, table(("order", *METRICS), rows))
    if not output.as_json:
        out.print(f"{report.questions} questions about {report.documents} documents in {report.chunks} chunks.")
    nearest = max(figures["nDCG@10"] for run, figures in means.items() if run != HYBRID)
    if means[HYBRID]["nDCG@10"] < max(least, nearest):
        raise typer.Exit(1)


def answers(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Labelled claims, JSON Lines.")],
    words_only: Annotated[
        bool, typer.Option("--words-only", help="Without the model, as while it is loading.")
    ] = False,
    least: Annotated[float, typer.Option(help="Fail when the balanced accuracy is below this.")] = 0.0,
    worst: Annotated[int, typer.Option(help="How many of the claims that were judged wrongly to show.")] = 0,
) -> None:
    """How well supported sentences are told from others: claims with `sentence`, `passages`, `supported` and `kind`.

    Balanced accuracy: the mean of the shares of supported claims found supported, and of others found not to be.
    """
    # Brings the engines in, which most commands do not need.
    from services.answer.evaluate import evaluate_answers

    output: Output = context.obj
    report = evaluate_answers(file, output.settings, words_only=words_only)
    kinds: list[dict[str, Any]] = [
        {
            "kind": kind,
            "supported": label,
            "claims": judged.total(),
            "judged": dict(judged),
            "right": report.right_of(label, kind),
        }
        for kind, label, judged in report.kinds()
    ]
    value = {
        "claims": report.claims,
        "balanced_accuracy": round(report.balanced_accuracy, 4),
        "supported_right": report.right_of(True),
        "unsupported_right": report.right_of(False),
        "ms_per_claim": round(1000 * report.seconds / report.claims, 1),
        "kinds": kinds,
    }
    rows = [
        (
            each["kind"],
            "yes" if each["supported"] else "no",
            each["claims"],
            *(each["judged"].get(s, 0) for s in LEVELS),
            f"{each['right']:.3f}",
        )
        for each in kinds
    ]
    output.show(value, table(("kind", "supported", "claims", "found so", "partly", "unsupported", "right"), rows))
    if not output.as_json:
        for labelled, why in report.wrong[:worst]:
            out.print(f"wrong  {labelled.kind}: {escape(labelled.claim.sentence)} ({escape(why)})", soft_wrap=True)
        out.print(
            f"{report.claims} claims: balanced accuracy {report.balanced_accuracy:.4f}, {value['ms_per_claim']} ms a claim."
        )
    if report.balanced_accuracy < least:
        raise typer.Exit(1)


def golden(
    context: typer.Context,
    least: Annotated[int, typer.Option(help="Fail when fewer questions are answered from what is expected.")] = 0,
) -> None:
    """Ask the demo's golden questions: is what answers them found, is it cited, and is the figure in the answer."""
    from services.demo.golden import LOOKED_AT, judge
    from services.demo.pack import questions

    output: Output = context.obj
    verdicts = []
    with output.client() as client:
        if not client.call("GET", "/v1/demo")["ready"]:
            raise CommandFailed("The golden questions are about the demo: load it with `tidings demo`.")
        for question in questions():
            body = {"query": question.text, "limit": LOOKED_AT}
            hits = client.call("POST", "/v1/search", json=body)["data"]
            answer = client.call("POST", "/v1/answers", json={"question": question.text, "stream": False})
            # They would stand among the questions that people asked.
            client.call("DELETE", f"/v1/answers/{answer['id']}")
            verdicts.append(judge(question, hits, answer))
    value = {
        "questions": [{"question": each.question.text, "kind": each.question.kind, **marks(each)} for each in verdicts],
        "found": sum(each.found for each in verdicts),
        "cited": sum(each.cited for each in verdicts),
        "said": sum(each.said for each in verdicts),
        "asked": len(verdicts),
    }
    rows = [
        (each.question.text, each.question.kind, *("yes" if mark else "no" for mark in marks(each).values()))
        for each in verdicts
    ]
    output.show(value, table(("question", "kind", f"found in {LOOKED_AT}", "cited", "said"), rows))
    if not output.as_json:
        out.print(f"{value['asked']} questions: {value['found']} found, {value['cited']} cited, {value['said']} said.")
    if sum(each.cited for each in verdicts) < least:
        raise typer.Exit(1)


def marks(verdict: Verdict) -> dict[str, bool]:
    """What a verdict says, in the order of the table."""
    return {"found": verdict.found, "cited": verdict.cited, "said": verdict.said}

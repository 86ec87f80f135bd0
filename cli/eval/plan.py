"""The verb plan-model: does a language model fit a GPU, and how is vLLM started for it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from cli.output import Output, out, table
from services.planner.cards import GIB, Card, find_card
from services.planner.plan import Plan, Weights
from services.planner.plan import plan_model as make_plan
from services.planner.shapes import read_shape


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("plan-model")(plan_model)


def plan_model(  # noqa: PLR0913
    context: typer.Context,
    model: Annotated[Path, typer.Argument(help="Model folder, or its config.json.")],
    tokens: Annotated[
        int | None, typer.Option("--context", min=1, help="Longest prompt and answer, tokens; default: the model's.")
    ] = None,
    concurrency: Annotated[int, typer.Option(min=1, max=4096, help="Answers written at once.")] = 8,
    gpu: Annotated[str, typer.Option(help="Card, such as L4, A100-80G or H100.")] = "L4",
    gpu_gib: Annotated[float | None, typer.Option(min=0.1, help="Memory of another card, GiB.")] = None,
    weights: Annotated[Weights, typer.Option(help="stored, or the model quantised to fp8 or int4.")] = "stored",
    kv_fp8: Annotated[bool, typer.Option("--kv-fp8", help="Keep the KV cache in 8 bits.")] = False,
) -> None:
    """GPU memory for a model's weights and KV cache, whether it fits a card, and vLLM's flags; exit code 1 if it does not."""
    output: Output = context.obj
    card = find_card(gpu) if gpu_gib is None else Card(f"{gpu_gib:g} GiB", int(gpu_gib * GIB))
    plan = make_plan(read_shape(model), card, context=tokens, concurrency=concurrency, weights=weights, kv_fp8=kv_fp8)
    if output.as_json:
        output.show(as_value(plan), "")
    else:
        show(plan, model)
    if not plan.fits:
        raise typer.Exit(1)


def as_value(plan: Plan) -> dict[str, Any]:
    """The plan as JSON: bytes and counts."""
    value = asdict(plan)
    value["need"] |= {"total": plan.need.total}
    return value


def show(plan: Plan, model: Path) -> None:
    """The plan for people."""
    need, shape = plan.need, plan.shape
    rows = [
        ("weights", gib(need.weights), f"{shape.parameters:,} parameters, {described(plan)}"),
        (
            "KV cache",
            gib(need.kv_cache),
            f"{plan.context:,} tokens x {plan.concurrency} answers, {plan.kv_bytes_per_token:,} bytes a token",
        ),
        ("activations", gib(need.activations), "estimate"),
        ("runtime", gib(need.runtime), "estimate"),
        ("in all", gib(need.total), f"of {gib(plan.card.memory_bytes)} on each of {need.gpus} x {plan.card.name}"),
    ]
    where = "memory" if need.gpus == 1 else f"on each of {need.gpus}"
    out.print(table(("part", where, "what"), rows))
    verdict = "[green]It fits.[/green]" if plan.fits else "[red]It does not fit[/red], not even on eight."
    room = f" The cache holds {plan.kv_tokens:,} tokens: {plan.full_requests} full contexts." if plan.fits else ""
    out.print(f"\n{verdict}{room}", soft_wrap=True)
    if plan.fits:
        out.print(
            f"\nvllm serve {escape(str(model) if model.is_dir() else 'MODEL')} {' '.join(plan.flags)}", soft_wrap=True
        )
    for note in plan.notes:
        out.print(f"Note: {escape(note)}", soft_wrap=True)
    out.print(f"Fine-tuning all of it with Adam takes about {gib(plan.fine_tuning_bytes)}.", soft_wrap=True)


def described(plan: Plan) -> str:
    """How the weights are held."""
    if plan.weights != "stored":
        return plan.weights
    return plan.shape.quantised or f"{plan.shape.value_bytes:g} bytes each"


def gib(count: int) -> str:
    """Bytes as GiB."""
    return f"{count / GIB:.2f} GiB"

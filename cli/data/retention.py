"""The verb `retention`: what is kept for how long."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.markup import escape

from cli.output import Output, age, out, print_json, table

group = typer.Typer(help="Rules of what is archived or deleted, every night.", no_args_is_help=True)

# What the options of `add` are called in the API, in their order.
FIELDS = ("older_than_days", "age_of", "source", "folder", "tag", "type", "quality_below", "partial")

RuleId = Annotated[str, typer.Argument(help="Id from `tidings retention list`.")]
Days = Annotated[int | None, typer.Option("--older-than", min=0, help="Older than so many days.")]
AgeOf = Annotated[str, typer.Option("--age-of", help="published (where that is known, else added) or added.")]
Sources = Annotated[list[str] | None, typer.Option("--source", help="From this host, or `upload`.")]
Folders = Annotated[list[str] | None, typer.Option("--in", help="In this folder or below it.")]
Tags = Annotated[list[str] | None, typer.Option("--tagged", help="With this tag.")]
Types = Annotated[list[str] | None, typer.Option("--type", help="csv, docx, html, image, markdown, pdf or text.")]
Quality = Annotated[float | None, typer.Option("--quality-below", min=0, max=1, help="Of less quality than this.")]
Partial = Annotated[
    bool | None, typer.Option("--partial/--whole", help="Only part of the story is there, or all of it.")
]
KeepCited = Annotated[bool, typer.Option(help="Leave documents alone that stored answers rest on.")]
Delete = Annotated[bool, typer.Option("--delete", help="Delete for good, instead of archiving.")]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.add_typer(group, name="retention")


@group.command("list")
def list_(context: typer.Context) -> None:
    """All rules, and what each did last."""
    output: Output = context.obj
    with output.client() as client:
        rules = client.call("GET", "/v1/retention_rules")["data"]
    rows = [
        (
            rule["id"],
            rule["name"],
            rule["action"],
            words(rule),
            f"{rule['applied_count']} {age(rule['applied_at'])}" if rule["applied_at"] else "not yet",
        )
        for rule in rules
    ]
    output.show(rules, table(("id", "name", "does", "to", "last"), rows))


@group.command("add")
def add_rule(  # noqa: PLR0913
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What people call the rule.")],
    older_than: Days = None,
    age_of: AgeOf = "published",
    source: Sources = None,
    inside: Folders = None,
    tagged: Tags = None,
    type_: Types = None,
    quality_below: Quality = None,
    partial: Partial = None,
    keep_cited: KeepCited = True,
    delete: Delete = False,
    preview: Annotated[bool, typer.Option("--preview", help="Only say what it would take now.")] = False,
) -> None:
    """Add a rule; it is applied every night, the first time within a day. --preview adds none and shows what it would take."""
    output: Output = context.obj
    values = (older_than, age_of, source, inside, tagged, type_, quality_below, partial)
    conditions = {field: value for field, value in zip(FIELDS, values, strict=True) if value is not None}
    action = "delete" if delete else "archive"
    body = {"name": name, "action": action, "conditions": conditions, "keep_cited": keep_cited}
    with output.client() as client:
        made = None if preview else client.call("POST", "/v1/retention_rules", json=body)
        seen = client.call("POST", "/v1/retention_preview", json=body)
    if output.as_json:
        print_json(made or seen)
        return
    if made:
        out.print(f"Rule {made['id']} will {made['action']} {escape(words(made))}.", soft_wrap=True)
    show(seen)


@group.command()
def apply(context: typer.Context, rule_id: RuleId) -> None:
    """Apply a rule now, instead of tonight."""
    output: Output = context.obj
    with output.client() as client:
        job = client.call("POST", f"/v1/retention_rules/{rule_id}/apply")
    output.show(job, "It is being applied; `tidings retention list` says how many documents it took.")


@group.command()
def remove(context: typer.Context, rule_id: RuleId) -> None:
    """Remove a rule; what it archived or deleted stays so."""
    output: Output = context.obj
    with output.client() as client:
        client.call("DELETE", f"/v1/retention_rules/{rule_id}")
    out.print(f"Rule {escape(rule_id)} is removed.")


def words(stored: dict[str, Any]) -> str:
    """A rule's conditions in words."""
    conditions = stored["conditions"]
    parts = []
    if conditions["older_than_days"] is not None:
        parts.append(f"older than {conditions['older_than_days']} days ({conditions['age_of']})")
    for name, word in (("source", "from"), ("folder", "in"), ("tag", "tagged"), ("type", "of type")):
        if conditions[name]:
            parts.append(f"{word} {' or '.join(each or 'no folder' for each in conditions[name])}")
    if conditions["quality_below"] is not None:
        parts.append(f"of a quality below {conditions['quality_below']:g}")
    if conditions["partial"] is not None:
        parts.append("of which only a part is there" if conditions["partial"] else "that are whole")
    if stored["keep_cited"]:
        parts.append("that no answer rests on")
    return "documents " + ", ".join(parts)


def show(seen: dict[str, Any]) -> None:
    """A preview, for people."""
    rows = [
        (each["title"], each["source"], age(each["published_at"] or each["first_seen_at"])) for each in seen["examples"]
    ]
    kept = f"; {seen['kept_cited']} more are kept because answers rest on them" if seen["kept_cited"] else ""
    out.print(f"It takes {seen['count']} documents now{kept}." + (" The oldest:" if rows else ""))
    if rows:
        out.print(table(("title", "from", "age"), rows))

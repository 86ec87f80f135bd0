"""An example of each verb, shown under its --help and in docs/cli.md."""

from __future__ import annotations

import typer

DOCUMENT = "doc_01kah4x6m5q0t3v8w9y2z7c1e4"
RULE = "ret_01kah4x6m5q0t3v8w9y2z7c1e4"

# Words of the verb -> what people type. tests/docs checks that each verb has one and that its options exist.
EXAMPLES: dict[str, tuple[str, ...]] = {
    "up": ("tidings up", "TIDINGS_PORT=9000 TIDINGS_DATA_DIR=/srv/tidings tidings up"),
    "status": ("tidings status",),
    "doctor": ("tidings doctor", "tidings doctor --bundle report.zip --log tidings.log"),
    "config": ("tidings config", "tidings config --markdown"),
    "setup": ("tidings setup --yes", 'tidings setup --organisation "Risk team" --email ada@example.org'),
    "demo": ("tidings demo", "tidings demo --remove"),
    "upload": (
        "tidings upload report.pdf notes/ https://example.org/news",
        "tidings upload reports.csv --rows --title-column Headline --preview",
    ),
    "search": (
        "tidings search 'interest rates' --after 2026-01-01",
        "tidings --json search '\"exact words\" -without'",
    ),
    "ask": (
        "tidings ask 'Why were rates raised?' --category business --after 2026-01-01",
        "tidings ask 'What does it cost?' --folder Reports/2026 --output cost.docx",
    ),
    "crawl": ("tidings crawl", "tidings crawl https://example.org/feed.xml"),
    "takedown": (
        "tidings takedown example.org --reason 'Asked for by its owner on 3 May'",
        "tidings takedown example.org --lift",
    ),
    "reindex": ("tidings reindex", "tidings reindex --tenant 'Risk team' --no-wait"),
    "reconcile": ("tidings reconcile",),
    "snapshot": ("tidings snapshot", "tidings snapshot --list", "tidings snapshot --restore"),
    "backup": (
        "tidings backup",
        "tidings backup /mnt/backups/tidings-monday.zip",
        "tidings backup verify /mnt/backups/tidings-monday.zip",
    ),
    "restore": (
        "tidings restore /mnt/backups/tidings-monday.zip",
        "TIDINGS_DATA_DIR=/srv/tidings tidings restore tidings-monday.zip --replace",
    ),
    "export": ("tidings export newsroom.zip", "tidings export newsroom.zip --tenant Newsroom"),
    "import": ("tidings import newsroom.zip", "tidings import newsroom.zip --tenant 'Newsroom, a copy'"),
    "plan-model": ("tidings plan-model Qwen/Qwen3-8B --gpu H100", "tidings plan-model ./model --concurrency 32"),
    "gateway": ("TIDINGS_PROFILE=distributed tidings gateway",),
    "worker": ("TIDINGS_PROFILE=distributed tidings worker interactive ingest",),
    "beat": ("TIDINGS_PROFILE=distributed tidings beat",),
    "migrate": ("tidings migrate",),
    "migrate-embedded": ("TIDINGS_PROFILE=distributed tidings migrate-embedded /srv/old-data",),
    "tenant add": ("tidings tenant add 'Risk team'",),
    "tenant list": ("tidings tenant list",),
    "user add": ("tidings user add ada@example.org --tenant 'Risk team' --role editor",),
    "key add": ("tidings key add dashboard --scope read --tenant 'Risk team'",),
    "key list": ("tidings key list", "tidings key list --tenant 'Risk team'"),
    "key revoke": ("tidings key revoke key_01kah4x6m5q0t3v8w9y2z7c1e4 --tenant 'Risk team'",),
    "documents list": ("tidings documents list --folder Reports", "tidings documents list --status archived"),
    "documents folders": ("tidings documents folders",),
    "documents move": ("tidings documents move Archive --in Reports/2025", f"tidings documents move '' {DOCUMENT}"),
    "documents tag": ("tidings documents tag 'budget, -draft' --in Reports/2026",),
    "documents cancel": ("tidings documents cancel --status queued",),
    "documents archive": ("tidings documents archive --in Reports/2020",),
    "documents restore": ("tidings documents restore --status archived --in Reports/2020",),
    "documents pause": ("tidings documents pause --status processing",),
    "documents resume": ("tidings documents resume --status paused",),
    "documents retry": (f"tidings documents retry {DOCUMENT} --password",),
    "documents delete": ("tidings documents delete --tagged draft --yes",),
    "sources list": ("tidings sources list --folder World",),
    "sources look": ("tidings sources look example.org",),
    "sources add": ("tidings sources add https://example.org/feed.xml --folder World",),
    "sources show": ("tidings sources show https://example.org/feed.xml",),
    "sources pause": ("tidings sources pause https://example.org/feed.xml",),
    "sources resume": ("tidings sources resume https://example.org/feed.xml",),
    "sources remove": ("tidings sources remove https://example.org/feed.xml --documents",),
    "sources import": ("tidings sources import subscriptions.opml",),
    "sources export": ("tidings sources export subscriptions.opml",),
    "sources packs": ("tidings sources packs", "tidings sources packs world"),
    "retention list": ("tidings retention list",),
    "retention add": (
        "tidings retention add 'Wire news after 90 days' --older-than 90 --source news.example.org --preview",
        "tidings retention add Teasers --partial --older-than 7 --delete",
    ),
    "retention apply": (f"tidings retention apply {RULE}",),
    "retention remove": (f"tidings retention remove {RULE}",),
    "eval feeds": ("tidings eval feeds labelled/feeds",),
    "eval extraction": ("tidings eval extraction labelled/pages --worst 5",),
    "eval documents": ("tidings eval documents labelled/files",),
    "eval retrieval": ("tidings eval retrieval labelled/collection --history",),
    "eval answers": ("tidings eval answers claims.jsonl --worst 5",),
    "eval golden": ("tidings eval golden",),
}


def show_examples(app: typer.Typer, before: str = "") -> None:
    """Put each verb's examples under its help."""
    for verb in app.registered_commands:
        name = verb.name or (verb.callback.__name__ if verb.callback else "")
        given = EXAMPLES.get(f"{before}{name}".strip(), ())
        verb.epilog = "\n\n".join(("Examples:" if len(given) > 1 else "Example:", *given)) if given else None
    for group in app.registered_groups:
        if group.typer_instance is not None:
            show_examples(group.typer_instance, f"{before}{group.name or ''} ")

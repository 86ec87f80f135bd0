import { Link } from "@tanstack/react-router";
import type { MouseEvent } from "react";
import { Time } from "@/components/ui/time";
import { LIST_ROW } from "@/features/shell/use-list-keys";
import type { Source } from "@/lib/api-types";
import { sourceName } from "@/lib/format";
import { afterTitle } from "@/lib/text-spans";

interface SourcesListProps {
  sources: readonly Source[];
  /** The sources that sentences cite, in the order in which they first do; null while the answer is being written. */
  cited: readonly number[] | null;
  onOpen: ((source: Source) => void) | undefined;
}

/** What the answer rests on: as it was found while it is written, then what is cited and what was only read. */
export function SourcesList({ sources, cited, onOpen }: SourcesListProps) {
  if (cited === null || cited.length === 0)
    return <Group title={cited ? "Considered" : "Sources"} sources={sources} onOpen={onOpen} />;
  const inOrder = cited.flatMap((number) => sources.find((source) => source.number === number) ?? []);
  const rest = sources.filter((source) => !cited.includes(source.number));
  return (
    <div className="space-y-8">
      <Group title="Cited, in order" sources={inOrder} onOpen={onOpen} />
      {rest.length > 0 && <Group title="Also considered" sources={rest} onOpen={onOpen} />}
    </div>
  );
}

interface GroupProps {
  title: string;
  sources: readonly Source[];
  onOpen: SourcesListProps["onOpen"];
}

function Group({ title, sources, onOpen }: GroupProps) {
  return (
    <section aria-label={title}>
      <h2 className="border-b border-ink pb-1.5 font-serif text-sm font-semibold">{title}</h2>
      <ol>
        {sources.map((source) => (
          <SourceRow key={source.number} source={source} onOpen={onOpen} />
        ))}
      </ol>
    </section>
  );
}

interface SourceRowProps {
  source: Source;
  onOpen: SourcesListProps["onOpen"];
}

function SourceRow({ source, onOpen }: SourceRowProps) {
  const { document, passage } = source;
  function onClick(event: MouseEvent) {
    if (!onOpen || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    onOpen(source);
  }
  return (
    <li className="relative flex gap-3 border-b border-rule py-3 hover:bg-sunken has-[a:focus-visible]:outline-2 has-[a:focus-visible]:outline-accent">
      <span
        className="nums grid size-[1.125rem] shrink-0 place-items-center rounded-sm bg-selected text-xs font-medium text-accent"
        aria-hidden
      >
        {source.number}
      </span>
      <div className="min-w-0">
        <h3 className="font-serif leading-snug font-semibold">
          <Link
            to="/documents/$documentId"
            params={{ documentId: document.id }}
            search={{ start: passage.start, end: passage.end }}
            onClick={onClick}
            className="outline-none after:absolute after:inset-0"
            {...LIST_ROW}
          >
            <span className="sr-only">Source {source.number}: </span>
            {document.title}
          </Link>
        </h3>
        <p className="mt-0.5 flex flex-wrap gap-x-2 text-xs text-muted">
          <span className="font-medium">{sourceName(document.source)}</span>
          <Time at={document.published_at ?? document.first_seen_at} />
          {passage.page && <span>page {passage.page}</span>}
        </p>
        <p className="mt-1 line-clamp-2 text-sm text-muted">
          {passage.text.slice(afterTitle(passage.text, document.title))}
        </p>
      </div>
    </li>
  );
}

import { Link } from "@tanstack/react-router";
import type { MouseEvent } from "react";
import { Time } from "@/components/ui/time";
import { LIST_ROW } from "@/features/shell/use-list-keys";
import type { Source } from "@/lib/api-types";
import { sourceName } from "@/lib/format";
import { afterTitle } from "@/lib/text-spans";

interface SourcesListProps {
  sources: readonly Source[];
  cited: ReadonlySet<number> | null;
  onOpen: ((source: Source) => void) | undefined;
}

/** What the answer rests on, in the order of its numbers. The list never moves: a source that no sentence cites is only marked. */
export function SourcesList({ sources, cited, onOpen }: SourcesListProps) {
  return (
    <section aria-label="Sources">
      <h2 className="border-b border-ink pb-1.5 font-serif text-sm font-semibold">Sources</h2>
      <ol>
        {sources.map((source) => (
          <SourceRow
            key={source.number}
            source={source}
            unused={cited !== null && !cited.has(source.number)}
            onOpen={onOpen}
          />
        ))}
      </ol>
    </section>
  );
}

interface SourceRowProps {
  source: Source;
  unused: boolean;
  onOpen: SourcesListProps["onOpen"];
}

function SourceRow({ source, unused, onOpen }: SourceRowProps) {
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
          {unused && <span>read, not cited</span>}
        </p>
        <p className="mt-1 line-clamp-2 text-sm text-muted">
          {passage.text.slice(afterTitle(passage.text, document.title))}
        </p>
      </div>
    </li>
  );
}

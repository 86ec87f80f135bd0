import { Time } from "@/components/ui/time";
import type { Citation, Conflict, Source } from "@/lib/api-types";
import { sourceName } from "@/lib/format";
import { CitationChip } from "./citation-chip";

interface ConflictsProps {
  conflicts: readonly Conflict[];
  sources: readonly Source[];
  onOpen: ((citation: Citation) => void) | undefined;
}

/** When the later of two reports was published; null where they are of one moment or one has no date. */
function latest(sides: Conflict["sides"]): string | null {
  const dates = sides.map(({ published_at }) => published_at);
  if (dates.includes(null) || new Set(dates).size < 2) return null;
  return dates.reduce((one, other) => (Date.parse(one ?? "") >= Date.parse(other ?? "") ? one : other));
}

/** Where sources say different things: both figures side by side, each with its outlet, day and quote. */
export function Conflicts({ conflicts, sources, onOpen }: ConflictsProps) {
  if (conflicts.length === 0) return null;
  const byNumber = new Map(sources.map((source) => [source.number, source]));
  return (
    <section aria-labelledby="conflicts-title" className="mt-8 border-t-2 border-warning pt-3">
      <h2 id="conflicts-title" className="eyebrow">
        Sources differ
      </h2>
      <ul>
        {conflicts.map(({ sides }) => (
          <li
            key={sides.map(({ citation }) => `${citation.document_id}:${citation.start}`).join()}
            className="grid grid-cols-2 gap-x-4 border-b border-rule py-3 sm:gap-x-6"
          >
            {sides.map(({ value, outlet, published_at, citation }) => (
              <div key={citation.document_id} className="min-w-0 py-1">
                <p className="nums font-serif text-xl font-semibold">{value}</p>
                <p className="mt-0.5 flex flex-wrap gap-x-2 text-xs text-muted">
                  <span className="font-medium break-all">{sourceName(outlet)}</span>
                  {published_at && <Time at={published_at} />}
                  {published_at && published_at === latest(sides) && (
                    <span className="font-medium text-ink">later report</span>
                  )}
                </p>
                <blockquote className="mt-1.5 text-sm">
                  {citation.quote}
                  <CitationChip
                    citation={citation}
                    source={byNumber.get(citation.source_number)}
                    onOpen={onOpen}
                  />
                </blockquote>
              </div>
            ))}
          </li>
        ))}
      </ul>
    </section>
  );
}

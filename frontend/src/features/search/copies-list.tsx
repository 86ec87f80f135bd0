import { Link } from "@tanstack/react-router";
import { Time } from "@/components/ui/time";
import type { Copies } from "@/lib/api-types";
import { plural, sourceName } from "@/lib/format";
import { copiesLabel } from "@/lib/provenance";

/** Who else printed a text: a number that opens into the list. Lies above the row's own link. */
export function CopiesList({ copies }: { copies: Copies }) {
  const label = copiesLabel(copies);
  if (label === null) return null;
  const more = copies.count - copies.documents.length;
  return (
    <details className="relative z-10 mt-1 w-fit max-w-full text-xs text-muted">
      <summary className="link inline-flex min-h-6 cursor-pointer items-center pointer-coarse:min-h-11">
        {label}
      </summary>
      <ul className="mt-1 space-y-1 border-l border-rule pl-3">
        {copies.documents.map((copy) => (
          <li key={copy.id} className="flex min-w-0 flex-wrap items-baseline gap-x-2">
            <span className="font-medium">{sourceName(copy.source)}</span>
            <Link
              to="/documents/$documentId"
              params={{ documentId: copy.id }}
              className="link min-w-0 truncate"
            >
              {copy.title}
            </Link>
            {copy.published_at && <Time at={copy.published_at} label="Published" />}
          </li>
        ))}
        {more > 0 && <li>and {plural(more, "more copy", "more copies")}</li>}
      </ul>
    </details>
  );
}

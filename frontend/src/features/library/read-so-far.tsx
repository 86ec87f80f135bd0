import type { TidingsDocument } from "@/lib/api-types";
import { number } from "@/lib/format";

/** How much of a long document can be searched while the rest is read; nothing for one that is read in one piece. */
export function ReadSoFar({ document }: { document: TidingsDocument }) {
  const { page_count: pages, pages_read: read } = document;
  if (!pages || read === 0 || read >= pages) return null;
  return (
    <p className="mt-1 flex items-center gap-2.5 text-xs text-muted">
      <progress
        className="bar max-md:w-16"
        value={read}
        max={pages}
        aria-label={`Pages of ${document.title} read`}
      />
      <span className="nums">
        Searchable up to page {number(read)} of {number(pages)}
      </span>
    </p>
  );
}

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import type { DocumentPagesResource } from "@/client";
import { Button } from "@/components/ui/button";
import { Notice } from "@/components/ui/states";
import { useCommand } from "@/lib/commands/commands";
import { cx } from "@/lib/cx";
import type { Span } from "@/lib/text-spans";
import { PageSteps } from "./page-bar";
import { PagePicture } from "./page-picture";
import { holds, scanNote } from "./page-places";
import { boxesQuery } from "./queries";

interface ReaderPagesProps {
  found: DocumentPagesResource;
  title: string;
  number: number;
  focus: Span | undefined;
  /** The choice between pages and text, at the head of the bar. */
  views: ReactNode;
  onPage: (number: number) => void;
  onText: () => void;
}

/** The pages of a document one by one, as pictures, with boxes over the passage that the reader was opened for. */
export default function ReaderPages({
  found,
  title,
  number,
  focus,
  views,
  onPage,
  onText,
}: ReaderPagesProps) {
  const [zoomed, setZoomed] = useState(false);
  const queryClient = useQueryClient();
  const { document_id: documentId, pages } = found;
  const page = pages[Math.min(number, pages.length) - 1];
  const cited = page && focus && holds(page, focus) ? focus : undefined;
  const boxes = useQuery({
    ...boxesQuery(documentId, page?.number ?? 1, cited ?? { start: 0, end: 0 }),
    enabled: cited !== undefined,
  });
  const next = pages[page?.number ?? 0];
  const zoom = () => setZoomed(!zoomed);
  useCommand("page.previous", () => page && onPage(page.number - 1), page !== undefined && page.number > 1);
  useCommand("page.next", () => next && onPage(next.number), next !== undefined);
  useCommand("page.zoom", zoom);
  // A passage that runs over the page break is boxed at once when its next page is turned to.
  useEffect(() => {
    if (focus && next && holds(next, focus))
      void queryClient.prefetchQuery(boxesQuery(documentId, next.number, focus));
  }, [documentId, focus, next, queryClient]);

  if (!page) return null;
  const note = scanNote(page.confidence);
  const lost = cited !== undefined && (boxes.error !== null || boxes.data?.boxes.length === 0);
  return (
    <section aria-label="Pages">
      <div className="mb-2 flex flex-wrap items-center justify-between gap-x-4 gap-y-1">
        {views}
        <PageSteps number={page.number} count={pages.length} zoomed={zoomed} onPage={onPage} onZoom={zoom} />
      </div>
      {note && <p className={cx("mb-2 text-xs", note.unsure ? "text-warning" : "text-muted")}>{note.text}</p>}
      {lost && (
        <div className="mb-2">
          <Notice
            action={
              <Button size="small" onClick={onText}>
                Show the text
              </Button>
            }
          >
            The passage is on this page, but its place was not found. It is marked in the text.
          </Notice>
        </div>
      )}
      {page.width === null ? (
        <Notice>This page cannot be drawn. What could be read of it is in the text.</Notice>
      ) : (
        <PagePicture
          key={page.number}
          documentId={documentId}
          page={page}
          label={`Page ${page.number} of ${title}${cited && !lost ? ", the passage marked" : ""}`}
          boxes={(cited && boxes.data?.boxes) || NO_BOXES}
          zoomed={zoomed}
        />
      )}
    </section>
  );
}

const NO_BOXES: never[] = [];

import { PreviewCard } from "@base-ui/react/preview-card";
import { Link } from "@tanstack/react-router";
import { type MouseEvent, useRef, useState } from "react";
import { buttonClass } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Time } from "@/components/ui/time";
import type { Citation, Source } from "@/lib/api-types";
import { sourceName } from "@/lib/format";
import { publishedLabel } from "@/lib/provenance";
import { useTouch } from "@/lib/use-media";

interface CitationChipProps {
  citation: Citation;
  source: Pick<Source, "document"> | undefined;
  onOpen: ((citation: Citation) => void) | undefined;
}

/** The number of a source behind a sentence. Hover or focus shows the quoted words; a click opens them in place. */
export function CitationChip({ citation, source, onOpen }: CitationChipProps) {
  const touch = useTouch();
  const [sheet, setSheet] = useState(false);
  const [card, setCard] = useState(false);
  const [pinned, setPinned] = useState(false);
  // The link keeps the pointer and the focus after a click; the card must not come back over what was opened.
  const clicked = useRef(false);
  const where = source ? `${sourceName(source.document.source)}: ${source.document.title}` : "unknown";
  function onClick(event: MouseEvent) {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    if (touch) {
      event.preventDefault();
      setSheet(true);
    } else if (onOpen) {
      event.preventDefault();
      clicked.current = true;
      setCard(false);
      onOpen(citation);
    } else if (event.detail > 0) {
      // Where there is no place beside the answer a click pins the card, and the card leads on. A key follows
      // the link at once: it could not get into the card.
      event.preventDefault();
      setPinned(true);
      setCard(true);
    }
  }
  const link = (
    <Link
      to="/documents/$documentId"
      params={{ documentId: citation.document_id }}
      search={{ start: citation.start, end: citation.end }}
      onClick={onClick}
      onPointerLeave={() => {
        clicked.current = false;
      }}
      onBlur={() => {
        clicked.current = false;
      }}
      data-citation=""
      aria-label={`Source ${citation.source_number}, ${where}`}
      className="nums ml-1 inline-grid h-[1.125rem] min-w-[1.125rem] -translate-y-px place-items-center rounded-sm bg-selected px-1 align-middle font-sans text-xs leading-none font-medium text-accent hover:bg-accent hover:text-on-accent focus-visible:bg-accent focus-visible:text-on-accent pointer-coarse:h-6 pointer-coarse:min-w-6"
    >
      {citation.source_number}
    </Link>
  );
  if (touch) {
    return (
      <>
        {link}
        <Dialog open={sheet} onOpenChange={setSheet} title={`Source ${citation.source_number}`} as="sheet">
          <CitationCard citation={citation} source={source} />
          <Link
            to="/documents/$documentId"
            params={{ documentId: citation.document_id }}
            search={{ start: citation.start, end: citation.end }}
            className={`${buttonClass("primary")} mt-4 w-full`}
          >
            Open in reader
          </Link>
        </Dialog>
      </>
    );
  }
  return (
    <PreviewCard.Root
      open={card}
      onOpenChange={(open, { reason }) => {
        // Leaving with the pointer does not close what a click has pinned; Escape and a click elsewhere do.
        if (pinned && !open && (reason === "trigger-hover" || reason === "trigger-focus")) return;
        if (!open) setPinned(false);
        setCard(open && !clicked.current);
      }}
    >
      <PreviewCard.Trigger render={link} delay={120} closeDelay={150} />
      <PreviewCard.Portal>
        <PreviewCard.Positioner sideOffset={6} align="start" collisionPadding={12} className="z-40">
          <PreviewCard.Popup className="layer w-[22rem] p-4">
            <CitationCard citation={citation} source={source} />
            {!onOpen && (
              <Link
                to="/documents/$documentId"
                params={{ documentId: citation.document_id }}
                search={{ start: citation.start, end: citation.end }}
                className="link mt-2 inline-block text-sm"
              >
                Open in reader
              </Link>
            )}
          </PreviewCard.Popup>
        </PreviewCard.Positioner>
      </PreviewCard.Portal>
    </PreviewCard.Root>
  );
}

function CitationCard({ citation, source }: { citation: Citation; source: CitationChipProps["source"] }) {
  const document = source?.document;
  return (
    <div className="text-sm">
      <p className="flex flex-wrap gap-x-2 text-xs text-muted">
        <span className="font-medium text-ink">{document && sourceName(document.source)}</span>
        {document && <Dates document={document} />}
        {citation.page && <span>page {citation.page}</span>}
      </p>
      {document && <p className="mt-1 font-serif text-base leading-snug font-semibold">{document.title}</p>}
      <blockquote className="mt-2.5 font-serif text-base leading-[1.45]">
        <mark>{citation.quote}</mark>
      </blockquote>
      <p className="mt-2.5 text-xs text-muted">
        {citation.match === "verbatim"
          ? "Exact words of the source"
          : "Said in other words; this is the passage it rests on"}
      </p>
    </div>
  );
}

/** When it was published and, which is another thing, when it was first seen here. */
function Dates({ document }: { document: Source["document"] }) {
  return (
    <>
      {document.published_at && (
        <span>
          published <Time at={document.published_at} label={publishedLabel(document)} />
        </span>
      )}
      <span>
        first seen <Time at={document.first_seen_at} label="First seen" />
      </span>
    </>
  );
}

import { memo, useEffect, useMemo, useRef } from "react";
import { MarkedText } from "@/components/ui/marked-text";
import type { DocumentText, DocumentType } from "@/lib/api-types";
import { cx } from "@/lib/cx";
import { paragraphsOf, type Span, segmentsOf, toUtf16 } from "@/lib/text-spans";

interface ReaderTextProps {
  text: DocumentText;
  span: Span | undefined;
  type: DocumentType;
}

interface Block {
  span: Span;
  /** The page that begins with this block, in documents that have pages. */
  page: number | null;
}

/** The text in paragraphs, with page marks; the span, given in code points, is highlighted and scrolled into view. */
export const ReaderText = memo(function ReaderText({ text, span, type }: ReaderTextProps) {
  const root = useRef<HTMLDivElement>(null);
  const blocks = useMemo(() => blocksOf(text), [text]);
  const marks = useMemo(() => (span ? toUtf16(text.text, [span]) : []), [text, span]);

  useEffect(() => {
    if (marks.length === 0) return;
    const mark = root.current?.querySelector("mark");
    const place = mark?.getBoundingClientRect();
    // What can be seen without scrolling stays where it is, headline and all.
    if (place && (place.top < 0 || place.bottom > innerHeight * 0.8))
      mark?.scrollIntoView({ block: "center" });
  }, [marks]);

  return (
    <div
      ref={root}
      className={cx(
        "space-y-[1.1em] font-serif text-lg leading-[1.6]",
        type !== "pdf" && "whitespace-pre-line",
      )}
    >
      {blocks.map(({ span: within, page }) => (
        <div key={within.start}>
          {page !== null && (
            <div className="mt-8 mb-4 flex items-center gap-3 font-sans text-xs text-muted">
              <span className="nums">Page {page}</span>
              <span className="h-px flex-1 bg-rule" aria-hidden />
            </div>
          )}
          <Paragraph text={text.text} within={within} marks={marks} markdown={type === "markdown"} />
        </div>
      ))}
    </div>
  );
});

function Paragraph({
  text,
  within,
  marks,
  markdown,
}: {
  text: string;
  within: Span;
  marks: Span[];
  markdown: boolean;
}) {
  const heading = markdown ? /^#{1,6} (?=\S[^\n]*$)/.exec(text.slice(within.start, within.end)) : null;
  const shown = heading ? { start: within.start + heading[0].length, end: within.end } : within;
  const content = <MarkedText segments={segmentsOf(text, marks, shown)} />;
  if (heading) return <h3 className="mt-6 font-semibold">{content}</h3>;
  return <p>{content}</p>;
}

function blocksOf({ text, pages }: DocumentText): Block[] {
  const paragraphs = paragraphsOf(text);
  const starts = toUtf16(text, pages).map(({ start }, index) => ({
    start,
    number: pages[index]?.number ?? index + 1,
  }));
  let next = 0;
  return paragraphs.map((span) => {
    let page: number | null = null;
    while (next < starts.length && (starts[next]?.start ?? 0) <= span.start) {
      page = starts[next]?.number ?? null;
      next += 1;
    }
    return { span, page };
  });
}

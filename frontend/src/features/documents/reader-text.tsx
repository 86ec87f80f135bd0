import { memo, useEffect, useMemo, useRef } from "react";
import { MarkedText } from "@/components/ui/marked-text";
import type { DocumentText, DocumentType } from "@/lib/api-types";
import { cx } from "@/lib/cx";
import { hasPages } from "@/lib/format";
import { paragraphsOf, type Span, segmentsOf, toUtf16 } from "@/lib/text-spans";
import { scanNote } from "./page-places";

interface ReaderTextProps {
  text: DocumentText;
  title: string;
  type: DocumentType;
  focus: ReaderFocus | undefined;
}

/** What the reader was opened for, in code points: the span to show, and the words in it if there are any to mark. */
export interface ReaderFocus extends Span {
  words?: readonly Span[];
}

interface Block {
  span: Span;
  /** The page that begins with this block, in documents that have pages, and what is to be said of it. */
  page: { number: number; note: ReturnType<typeof scanNote> } | null;
}

/** The text in paragraphs, with page marks; what it was opened for is marked and in view. */
export const ReaderText = memo(function ReaderText({ text, title, type, focus }: ReaderTextProps) {
  const root = useRef<HTMLDivElement>(null);
  const blocks = useMemo(() => blocksOf(text), [text]);
  const { span, marks } = useMemo(() => placesOf(text.text, focus), [text, focus]);

  useEffect(() => {
    if (marks.length === 0) return;
    const mark = root.current?.querySelector("mark, [data-focus]");
    const place = mark?.getBoundingClientRect();
    // What can be seen without scrolling stays where it is, headline and all.
    if (place && (place.top < 0 || place.bottom > innerHeight * 0.8))
      mark?.scrollIntoView({ block: "center" });
  }, [marks]);

  // Extracted text repeats the headline; it is shown twice only when it is itself what was cited.
  const first = blocks[0]?.span;
  const cited = first !== undefined && span !== undefined && !focus?.words && span.end <= first.end;
  const repeated = first !== undefined && text.text.slice(first.start, first.end) === title && !cited;
  const shown = repeated && blocks.length > 1 ? blocks.slice(1) : blocks;
  return (
    <div
      ref={root}
      className={cx(
        "space-y-[1.1em] font-serif text-lg leading-[1.6]",
        !hasPages(type) && "whitespace-pre-line",
      )}
    >
      {shown.map(({ span: within, page }) => (
        <div
          key={within.start}
          data-focus={focus?.words && touches(within, span) ? "" : undefined}
          className="relative data-focus:before:absolute data-focus:before:inset-y-1 data-focus:before:-left-4 data-focus:before:w-0.5 data-focus:before:bg-mark-strong"
        >
          {page !== null && (
            <div className="mt-8 mb-4 flex items-center gap-3 font-sans text-xs text-muted">
              <span className="nums">Page {page.number}</span>
              {page.note && (
                <span className={cx("nums", page.note.unsure && "text-warning")}>{page.note.text}</span>
              )}
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

const touches = (a: Span, b: Span | undefined) => b !== undefined && a.start < b.end && b.start < a.end;

function placesOf(text: string, focus: ReaderFocus | undefined): { span: Span | undefined; marks: Span[] } {
  if (!focus) return { span: undefined, marks: [] };
  const [span, ...words] = toUtf16(text, [focus, ...(focus.words ?? [])]);
  return { span, marks: words.length > 0 ? words : span ? [span] : [] };
}

function blocksOf({ text, pages }: DocumentText): Block[] {
  const paragraphs = paragraphsOf(text);
  const starts = toUtf16(text, pages).map(({ start }, index) => ({
    start,
    number: pages[index]?.number ?? index + 1,
    note: scanNote(pages[index]?.confidence),
  }));
  let next = 0;
  return paragraphs.map((span) => {
    let page: Block["page"] = null;
    while (next < starts.length && (starts[next]?.start ?? 0) <= span.start) {
      page = starts[next] ?? null;
      next += 1;
    }
    return { span, page };
  });
}

import { Link } from "@tanstack/react-router";
import type { MouseEvent } from "react";
import { MarkedText } from "@/components/ui/marked-text";
import { Time } from "@/components/ui/time";
import { LIST_ROW } from "@/features/shell/use-list-keys";
import type { Hit } from "@/lib/api-types";
import { cx } from "@/lib/cx";
import { categoryName, languageName, plural, sourceName, typeName } from "@/lib/format";
import { publishedLabel } from "@/lib/provenance";
import { afterTitle, segmentsOf, toUtf16, windowAround } from "@/lib/text-spans";
import { CopiesList } from "./copies-list";
import { Relevance } from "./relevance";

const PASSAGE_LENGTH = 260;

interface ResultRowProps {
  hit: Hit;
  selected: boolean;
  /** The rank of the headline: below a day, or below the page. */
  level: "h2" | "h3";
  /** The list is ordered by fit, so the fit is shown. */
  ranked: boolean;
  onSelect: ((hit: Hit, how: "click" | "focus") => void) | undefined;
}

/** Headline, then outlet and age, then the passage that matched. The whole row is one link. */
export function ResultRow({ hit, selected, level: Heading, ranked, onSelect }: ResultRowProps) {
  const { document, passage } = hit;
  function onClick(event: MouseEvent) {
    if (!onSelect || event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    onSelect(hit, "click");
  }
  return (
    <li
      className={cx(
        "relative border-b border-rule py-3.5 pr-4 pl-4 has-[a:focus-visible]:outline-2 has-[a:focus-visible]:-outline-offset-2 has-[a:focus-visible]:outline-accent md:pl-5",
        selected ? "bg-selected" : "hover:bg-sunken",
      )}
    >
      {selected && <span className="absolute inset-y-0 left-0 w-0.5 bg-accent" aria-hidden />}
      <div className="flex items-start gap-4">
        <Heading className="min-w-0 flex-1 font-serif text-lg leading-snug font-semibold">
          <Link
            to="/documents/$documentId"
            params={{ documentId: document.id }}
            search={ranked ? { start: passage.start, end: passage.end } : {}}
            className="outline-none after:absolute after:inset-0"
            aria-current={selected || undefined}
            data-selected={selected ? "" : undefined}
            onClick={onClick}
            onFocus={(event) => event.currentTarget.matches(":focus-visible") && onSelect?.(hit, "focus")}
            {...LIST_ROW}
          >
            {document.title}
          </Link>
        </Heading>
        {ranked && <Relevance hit={hit} />}
      </div>
      <p className="mt-1 flex flex-wrap gap-x-2 text-xs text-muted">
        <Meta hit={hit} />
      </p>
      {hit.withheld ? (
        <p className="mt-1.5 text-sm text-muted">
          The publisher allows no excerpt. Read it on the original page.
        </p>
      ) : (
        <p className="mt-1.5 line-clamp-3 font-serif leading-[1.45]">
          <PassageText hit={hit} />
        </p>
      )}
      <CopiesList copies={hit.copies} />
    </li>
  );
}

function Meta({ hit: { document, passage, more_passages } }: { hit: Hit }) {
  const page = passage.page ? `, page ${passage.page}` : "";
  return (
    <>
      <span className="font-medium">{sourceName(document.source)}</span>
      {document.published_at ? (
        <Time at={document.published_at} label={publishedLabel(document)} />
      ) : (
        <span>
          added <Time at={document.first_seen_at} label="First seen" />
        </span>
      )}
      {document.category && <span>{categoryName(document.category)}</span>}
      {document.partial && <PartialMark />}
      {document.type !== "html" && <span>{typeName(document.type) + page}</span>}
      {document.language && document.language !== "en" && <span>{languageName(document.language)}</span>}
      {more_passages.length > 0 && <span>{plural(more_passages.length, "more passage")}</span>}
    </>
  );
}

/** Only the beginning of the story is there. */
function PartialMark() {
  return (
    <span
      className="rounded-sm border border-rule px-1"
      title="Only part of the story is there, as before a paywall"
    >
      Partial
    </span>
  );
}

function PassageText({ hit: { document, passage } }: { hit: Hit }) {
  const marks = toUtf16(passage.text, passage.highlights);
  const lead = afterTitle(passage.text, document.title);
  const shown = windowAround(passage.text, marks, PASSAGE_LENGTH, lead);
  return (
    <>
      {shown.start > lead && "\u2026 "}
      <MarkedText segments={segmentsOf(passage.text, marks, shown)} />
      {shown.end < passage.text.length && " \u2026"}
    </>
  );
}

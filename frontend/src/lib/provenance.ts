/** Where a document's date comes from, and who else printed its text, in words. */
import type { Copies } from "./api-types";
import { plural } from "./format";

const ORIGINS: Record<string, string> = {
  "json-ld": "the page's own data",
  meta: "the page's own data",
  "time-tag": "the page",
  url: "the address",
  text: "the text",
  "pdf-info": "the file",
  "docx-core": "the file",
  feed: "the feed",
  fetched: "when it was fetched",
};

// What a reader should know about a text, by the reason that the server gives; others only lower its rank.
const CAVEATS: Record<string, string> = {
  ocr_low_confidence: "Text recognition was unsure: check figures and names against the original",
  ocr_failed: "Some pages are pictures whose text could not be recognised",
  skipped_pages: "Some pages are too large for text recognition",
  damaged_pages: "Some pages are damaged and could not be read",
  truncated: "Only the first pages were read",
  low_confidence_encoding: "Some characters may be wrong ones",
  garbled: "Much of the text is garbled",
  boilerplate: "No article was found on the page: this is all its text",
  unbelievable_date: "The page gives a date that cannot be",
  misnamed: "The file's name says another format than its content has",
  active_content: "Macros and embedded files were left out",
};

interface Dated {
  published_at: string | null;
  published_from: string | null;
  published_offset: number | null;
}

interface Limited {
  directives: readonly string[];
  max_snippet: number | null;
}

/** What stands before a date on hover: "Published, date from the feed, 14:05 for the publisher:". */
export function publishedLabel({ published_at, published_from, published_offset }: Dated): string {
  const origin = published_from ? ORIGINS[published_from] : undefined;
  const local = published_at && published_offset !== null && published_offset !== 0;
  return [
    "Published",
    ...(origin ? [`date from ${origin}`] : []),
    ...(local ? [`${clock(published_at, published_offset)} for the publisher`] : []),
  ].join(", ");
}

/** What to keep in mind while reading a text, in sentences without an end. */
export function caveats(reasons: readonly string[]): string[] {
  return reasons.flatMap((reason) => CAVEATS[reason] ?? []);
}

/** The time of day in a zone that many minutes east of UTC. */
function clock(at: string, offset: number): string {
  return new Date(Date.parse(at) + offset * 60_000).toISOString().slice(11, 16);
}

/** How much of its text the publisher allows to be shown here. */
export function shownPart({ directives, max_snippet }: Limited): "all" | "excerpt" | "nothing" {
  if (directives.includes("nosnippet") || max_snippet === 0) return "nothing";
  return max_snippet === null ? "all" : "excerpt";
}

/** "+6 outlets", or that one outlet printed it again; nothing when nobody did. */
export function copiesLabel({ count, outlets }: Copies): string | null {
  if (outlets > 0) return `+${plural(outlets, "outlet")}`;
  return count > 0 ? `+${count} of the same outlet` : null;
}

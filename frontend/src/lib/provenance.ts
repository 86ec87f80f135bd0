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
  feed: "the feed",
  fetched: "when it was fetched",
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

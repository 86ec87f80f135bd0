/** Kinds, states and figures of sources in the words of the interface. */
import type { LedgerItem, NewsSource, Visit } from "@/lib/api-types";
import { duration, number } from "@/lib/format";

export type Kind = NewsSource["kind"];
export type Status = NewsSource["status"];
export type ItemState = LedgerItem["state"];
export type Category = NonNullable<NewsSource["category"]>;

export const KIND_NAMES: Record<Kind, string> = {
  feed: "Feed",
  news_sitemap: "News sitemap",
  sitemap: "Sitemap",
  page: "Page of stories",
};
export const KINDS = Object.keys(KIND_NAMES) as Kind[];

export const STATUS_WORDS: Record<Status, string> = {
  new: "New",
  running: "Visiting",
  ok: "OK",
  silent: "Silent",
  drifting: "Drifting",
  failing: "Failing",
  paused: "Paused",
};

/** The colour of a status: amber asks for a look, red for an act; the rest is quiet. */
export const STATUS_DOTS: Record<Status, string> = {
  new: "bg-edge",
  running: "animate-pulse bg-accent",
  ok: "bg-accent",
  silent: "bg-warning",
  drifting: "bg-warning",
  failing: "bg-failure",
  paused: "bg-edge",
};

export const CATEGORIES: readonly Category[] = [
  "world",
  "politics",
  "business",
  "technology",
  "science",
  "health",
  "environment",
  "sport",
  "culture",
  "society",
  "crime",
  "opinion",
];

export const capital = (words: string) => words.charAt(0).toUpperCase() + words.slice(1);

/** The states of a URL in the order they are listed: word, and what it means. */
export const STATES: readonly { state: ItemState; word: string; meaning: string }[] = [
  { state: "new", word: "Stored", meaning: "Read and searchable." },
  { state: "pending", word: "Waiting", meaning: "Seen, and fetched when its turn comes." },
  {
    state: "partial",
    word: "Partial",
    meaning: "Only part of the text could be had, such as the feed's own.",
  },
  { state: "duplicate", word: "Duplicate", meaning: "The same text is stored from another address." },
  { state: "unchanged", word: "Unchanged", meaning: "Fetched again, with nothing new in it." },
  { state: "refused", word: "Refused", meaning: "robots.txt, a limit or the site forbids it." },
  { state: "reserved", word: "Reserved", meaning: "The publisher reserves it against text and data mining." },
  { state: "failed", word: "Failed", meaning: "It could not be fetched or read." },
];

export const stateOf = (state: ItemState) =>
  STATES.find((known) => known.state === state) ?? { state, word: capital(state), meaning: "" };

export const VISIT_WORDS: Record<Visit["status"], string> = {
  running: "Running",
  succeeded: "Succeeded",
  partial: "In part",
  failed: "Failed",
  interrupted: "Interrupted",
};

/** "about 12 a day", "about 3 a week"; says so when there are no dates to count by. */
export function volume(perDay: number | null): string {
  if (perDay === null) return "no dates to tell how much";
  if (perDay >= 0.95) return `about ${number(Math.round(perDay))} a day`;
  const perWeek = Math.round(perDay * 7);
  if (perWeek >= 1) return `about ${perWeek} a week`;
  return perDay > 0 ? "less than one a week" : "nothing lately";
}

/** Items a day as a short figure: "12", "0.4". */
export function rate(perDay: number): string {
  return perDay >= 10 || Number.isInteger(perDay) ? number(Math.round(perDay)) : perDay.toFixed(1);
}

/** A delay: what is 0 is said as a moment. */
export const delay = (seconds: number | null) => (seconds === null ? null : duration(Math.max(1, seconds)));

/** A code such as `robots_refused` in words, when nothing better is known. */
export const plainCode = (code: string) => capital(code.replaceAll("_", " "));

/** What is wrong with a source, in a sentence; null when nothing is. */
export function troubleOf(source: NewsSource): string | null {
  if (["failing", "silent", "drifting"].includes(source.status)) return source.status_detail;
  if (source.error_count === 0) return null;
  const why =
    source.error_detail ?? (source.error_code ? plainCode(source.error_code) : "It did not succeed.");
  return source.error_count === 1
    ? `Failed once. ${why}`
    : `Failed ${source.error_count} times in a row. ${why}`;
}

/** What the counts of a visit say, most telling first: "12 stored, 3 duplicate". */
export function countsLine(counts: Readonly<Record<string, number>>): string {
  return STATES.filter(({ state }) => (counts[state] ?? 0) > 0)
    .map(({ state, word }) => `${number(counts[state] ?? 0)} ${word.toLowerCase()}`)
    .join(", ");
}

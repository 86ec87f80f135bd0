/** Times, sizes, languages and types in the words of the interface. */

const rtf = new Intl.RelativeTimeFormat("en", { numeric: "always", style: "narrow" });
const longDay = new Intl.DateTimeFormat("en-GB", {
  weekday: "long",
  day: "numeric",
  month: "long",
  year: "numeric",
});
const shortDay = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const shortDayYear = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const minute = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
const numbers = new Intl.NumberFormat("en-GB");
const languages = new Intl.DisplayNames("en", { type: "language" });

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** "now", "5 min ago", "3 h ago", then the date: an old "412 days ago" tells nobody anything. */
export function age(iso: string, now = Date.now()): string {
  const time = Date.parse(iso);
  const past = now - time;
  if (past < 0) return past > -MINUTE ? "now" : shortDayYear.format(time);
  if (past < MINUTE) return "now";
  if (past < HOUR) return `${Math.floor(past / MINUTE)} min ago`;
  if (past < DAY) return `${Math.floor(past / HOUR)} h ago`;
  if (past < 7 * DAY) return rtf.format(-Math.floor(past / DAY), "day").replace(/(\d)d/, "$1 d");
  const sameYear = new Date(time).getFullYear() === new Date(now).getFullYear();
  return (sameYear ? shortDay : shortDayYear).format(time);
}

/** A moment to come: "in 5 min", "in 3 h", "in 2 d"; "now" when it is due. */
export function until(iso: string, now = Date.now()): string {
  const left = Date.parse(iso) - now;
  if (left < MINUTE) return "now";
  if (left < HOUR) return `in ${Math.round(left / MINUTE)} min`;
  if (left < DAY) return `in ${Math.round(left / HOUR)} h`;
  return `in ${Math.round(left / DAY)} d`;
}

/** How long something lasted or takes: "40 s", "12 min", "3 h", "2 d". */
export function duration(seconds: number): string {
  const milliseconds = seconds * 1_000;
  if (milliseconds < 90_000) return `${Math.round(seconds)} s`;
  if (milliseconds < 90 * MINUTE) return `${Math.round(milliseconds / MINUTE)} min`;
  if (milliseconds < 2 * DAY) return `${Math.round(milliseconds / HOUR)} h`;
  return `${Math.round(milliseconds / DAY)} d`;
}

export const percent = (share: number) => `${Math.round(share * 100)} %`;

export const localTime = (iso: string) => minute.format(Date.parse(iso));
export const utcTime = (iso: string) => `${new Date(iso).toISOString().slice(0, 16).replace("T", " ")} UTC`;

/** The heading over one day of a listing: "Today", "Yesterday", "Friday 20 November 2026". */
export function dayHeading(iso: string, now = new Date()): string {
  const date = new Date(iso);
  const days = Math.round((startOfDay(now) - startOfDay(date)) / DAY);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  return longDay.format(date);
}

const startOfDay = (date: Date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();

/** A local calendar day as YYYY-MM-DD, `daysAgo` days back. */
export function isoDay(daysAgo = 0): string {
  const date = new Date();
  date.setDate(date.getDate() - daysAgo);
  return dayOf(date);
}

/** The local calendar day of a moment, as it stands in an address. */
export function dayOf(moment: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${String(moment.getFullYear()).padStart(4, "0")}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
}

export const showDay = (day: string) => shortDayYear.format(new Date(`${day}T12:00:00`));

export const number = (value: number) => numbers.format(value);

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${number(count)} ${count === 1 ? one : many}`;
}

export function bytes(count: number): string {
  if (count < 1_000) return `${count} B`;
  if (count < 1_000_000) return `${Math.round(count / 1_000)} kB`;
  return `${(count / 1_000_000).toFixed(1)} MB`;
}

/** A duration the server measured: "0.4 ms", "18 ms", "1.2 s". */
export function took(milliseconds: number): string {
  if (milliseconds >= 1_000) return `${(milliseconds / 1_000).toFixed(1)} s`;
  return milliseconds < 1 ? "1 ms" : `${Math.round(milliseconds)} ms`;
}

export function languageName(code: string): string {
  try {
    return languages.of(code) ?? code;
  } catch {
    return code;
  }
}

const TYPE_NAMES: Record<string, string> = {
  csv: "Table",
  docx: "Word document",
  html: "Web page",
  image: "Image",
  pdf: "PDF",
  rows: "Table, a document per row",
  markdown: "Markdown",
  text: "Plain text",
};
/** The types of documents whose pages can be looked at. */
export const hasPages = (type: string | undefined) => type === "pdf" || type === "image";
export const typeName = (type: string) => TYPE_NAMES[type] ?? type;

/** An address that may be put behind a link: http and https only, whatever the document claims. */
export function safeLink(url: string | null | undefined): string | null {
  if (!url) return null;
  try {
    const parsed = new URL(url);
    return parsed.protocol === "https:" || parsed.protocol === "http:" ? parsed.href : null;
  } catch {
    return null;
  }
}

/** An outlet's host as it is; what was added by hand has no outlet. */
export const sourceName = (source: string) => (source === "upload" ? "Upload" : source);

/** Where a document came from: its outlet, or its file unless the title already says it. */
export function originOf(document: { source: string; filename: string | null; title: string }): string {
  const { source, filename, title } = document;
  return source === "upload" && filename && filename !== title ? filename : sourceName(source);
}

/** A category as a heading: "Politics". */
export const categoryName = (category: string) => category.charAt(0).toUpperCase() + category.slice(1);

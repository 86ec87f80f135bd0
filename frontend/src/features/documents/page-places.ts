/** Which page of a document is meant, and what is to be said of it. */
import type { DocumentPage } from "@/lib/api-types";
import { percent } from "@/lib/format";
import type { Span } from "@/lib/text-spans";

/** Below, more than 3 characters in 100 are wrong (services/ingest/extract/pdf/scan.py). */
const SURE = 0.95;

/** The page on which a span begins; the first page when none has it. */
export function pageOf(pages: readonly DocumentPage[], span: Span | undefined): number {
  const found = span && pages.find(({ end }) => end !== null && end > span.start);
  return found?.number ?? 1;
}

/** Whether characters of a page are of a span. */
export function holds({ start, end }: DocumentPage, span: Span): boolean {
  return start !== null && end !== null && start < span.end && span.start < end;
}

/** How a page's text came about, in words, and whether to be careful with it; null for printed text. */
export function scanNote(confidence: number | null | undefined): { text: string; unsure: boolean } | null {
  if (confidence === null || confidence === undefined) return null;
  if (confidence >= SURE)
    return { text: `Scanned page, read with ${percent(confidence)} confidence`, unsure: false };
  // Rounded down: what is warned of below 95 % is not called 95 %.
  const least = percent(Math.floor(confidence * 100) / 100);
  return {
    text: `Scanned page, read with only ${least} confidence: check figures and names against the picture`,
    unsure: true,
  };
}

/** A page that a person typed, if the document has it. */
export function pageNumber(typed: string, count: number): number | null {
  const number = /^\s*\d{1,7}\s*$/.test(typed) ? Number(typed) : 0;
  return number >= 1 && number <= count ? number : null;
}

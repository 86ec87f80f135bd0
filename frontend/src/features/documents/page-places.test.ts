import { expect, test } from "vitest";
import type { DocumentPage } from "@/lib/api-types";
import { holds, pageNumber, pageOf, scanNote } from "./page-places";

const page = (number: number, start: number | null, end: number | null): DocumentPage => ({
  number,
  start,
  end,
  width: 595,
  height: 842,
  kind: "digital",
  confidence: null,
});
const PAGES = [page(1, 0, 100), page(2, null, null), page(3, 102, 200)];

test("a span is on the page where it begins", () => {
  expect(pageOf(PAGES, { start: 0, end: 5 })).toBe(1);
  expect(pageOf(PAGES, { start: 99, end: 120 })).toBe(1);
  expect(pageOf(PAGES, { start: 100, end: 120 })).toBe(3);
  expect(pageOf(PAGES, { start: 900, end: 950 })).toBe(1);
  expect(pageOf(PAGES, undefined)).toBe(1);
});

test("a span over a page break is on both pages and on no empty one", () => {
  const span = { start: 90, end: 110 };
  expect(PAGES.map((each) => holds(each, span))).toEqual([true, false, true]);
});

test("how sure text recognition was is said, and warned of when it was not", () => {
  expect(scanNote(null)).toBeNull();
  expect(scanNote(0.983)).toEqual({ text: "Scanned page, read with 98 % confidence", unsure: false });
  expect(scanNote(0.91)?.unsure).toBe(true);
  expect(scanNote(0.91)?.text).toContain("91 %");
  expect(scanNote(0.949)?.text).toContain("94 %");
});

test("only pages that there are can be typed", () => {
  expect(["7", " 7 ", "0", "41", "seven", "1e1", ""].map((typed) => pageNumber(typed, 40))).toEqual([
    7,
    7,
    null,
    null,
    null,
    null,
    null,
  ]);
});

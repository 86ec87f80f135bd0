import { describe, expect, it } from "vitest";
import { afterTitle, mergeSpans, paragraphsOf, segmentsOf, toUtf16, windowAround } from "./text-spans";

const cut = (text: string, { start, end }: { start: number; end: number }) => text.slice(start, end);

describe("code points to UTF-16", () => {
  it("leaves text of the basic plane alone", () => {
    expect(toUtf16("Größe zählt", [{ start: 6, end: 11 }])).toEqual([{ start: 6, end: 11 }]);
  });

  it("finds the same words behind flags, emoji and mathematical letters", () => {
    const text = "🏭 The 🇩🇪 plant: 𝐓he first wafers";
    const points = Array.from(text);
    const start = points.indexOf("w");
    const span = toUtf16(text, [{ start, end: start + 6 }])[0];
    expect(span && cut(text, span)).toBe("wafers");
  });

  it("keeps the order of the spans it was given", () => {
    const text = "a😀b😀c";
    const spans = toUtf16(text, [
      { start: 4, end: 5 },
      { start: 0, end: 1 },
    ]);
    expect(spans.map((span) => cut(text, span))).toEqual(["c", "a"]);
  });

  it("clamps spans that end beyond the text", () => {
    expect(toUtf16("a😀", [{ start: 1, end: 99 }])).toEqual([{ start: 1, end: 3 }]);
    expect(toUtf16("ab", [{ start: 1, end: 99 }])).toEqual([{ start: 1, end: 2 }]);
  });
});

describe("segments", () => {
  it("joins overlapping marks and loses no character", () => {
    const text = "one two three";
    const segments = segmentsOf(text, [
      { start: 4, end: 7 },
      { start: 0, end: 5 },
    ]);
    expect(segments).toEqual([
      { text: "one two", marked: true },
      { text: " three", marked: false },
    ]);
  });

  it("marks only what lies within the asked part", () => {
    expect(segmentsOf("one two three", [{ start: 2, end: 6 }], { start: 4, end: 13 })).toEqual([
      { text: "tw", marked: true },
      { text: "o three", marked: false },
    ]);
  });

  it("drops empty spans", () => {
    expect(mergeSpans([{ start: 3, end: 3 }])).toEqual([]);
  });
});

describe("paragraphs", () => {
  it("splits at blank lines, also with spaces in them, and keeps single line breaks", () => {
    const text = "First\nline.\n\nSecond.\n \n\n  Third.\n";
    expect(paragraphsOf(text).map((span) => cut(text, span))).toEqual(["First\nline.", "Second.", "Third."]);
  });
});

describe("window", () => {
  it("shows the first mark even when it lies far into the passage", () => {
    const text = `${"word ".repeat(100)}harbour ${"tail ".repeat(50)}`;
    const span = windowAround(text, [{ start: 500, end: 507 }], 200);
    expect(cut(text, span)).toContain("harbour");
    expect(span.end - span.start).toBeLessThanOrEqual(200);
  });
});

describe("a headline repeated at the start of a text", () => {
  it("is skipped together with the white space behind it", () => {
    const text = "Strike goes on\n\nWorkers walked out.";
    expect(text.slice(afterTitle(text, "Strike goes on"))).toBe("Workers walked out.");
  });

  it("stays when it is only the beginning of a longer word or all there is", () => {
    expect(afterTitle("Strikes are rare", "Strike")).toBe(0);
    expect(afterTitle("Strike", "Strike")).toBe(0);
  });
});

import { describe, expect, it } from "vitest";
import type { QueryPart } from "@/lib/api-types";
import { partLabel } from "./filter-words";

const part = (given: Partial<QueryPart>): QueryPart => ({
  kind: "phrase",
  value: "word",
  excluded: false,
  after: null,
  before: null,
  without: "",
  ...given,
});
const local = (...when: [number, number, number]) => new Date(...when).toISOString();

describe("the pieces of a query in words", () => {
  it("names values, and what is left out", () => {
    expect(partLabel(part({ kind: "lang", value: "de" }))).toBe("German");
    expect(partLabel(part({ kind: "type", value: "html", excluded: true }))).toBe("Not Web page");
    expect(partLabel(part({ value: "some words" }))).toBe("“some words”");
    expect(partLabel(part({ excluded: true }))).toBe("Not “word”");
  });

  it("shows a filter it does not know by its value", () => {
    expect(partLabel(part({ kind: "tag", value: "budget" }))).toBe("budget");
  });

  it("says which days a date means, the last one included", () => {
    const week = part({
      kind: "date",
      value: "last week",
      after: local(2026, 10, 16),
      before: local(2026, 10, 23),
    });
    expect(partLabel(week)).toMatch(/^last week: 16 Nov 2026 to 22 Nov 2026$/);
    expect(partLabel(part({ kind: "date", value: "after:2026-11-01", after: local(2026, 10, 1) }))).toMatch(
      /^Since 1 Nov 2026$/,
    );
    expect(partLabel(part({ kind: "date", value: "since May", after: local(2026, 4, 1) }))).toBe(
      "since May: from 1 May 2026",
    );
  });
});

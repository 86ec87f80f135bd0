import { describe, expect, it } from "vitest";
import { caveats, copiesLabel, publishedLabel, shownPart } from "./provenance";

const at = "2026-11-20T12:05:00Z";

describe("the label of a date", () => {
  it("says where the date comes from and what the publisher's clock showed", () => {
    expect(publishedLabel({ published_at: at, published_from: "feed", published_offset: 120 })).toBe(
      "Published, date from the feed, 14:05 for the publisher",
    );
  });

  it("says only what is known", () => {
    expect(publishedLabel({ published_at: at, published_from: "odd", published_offset: null })).toBe(
      "Published",
    );
    expect(publishedLabel({ published_at: at, published_from: "url", published_offset: 0 })).toBe(
      "Published, date from the address",
    );
  });
});

describe("what may be shown of a text", () => {
  it("follows the publisher", () => {
    expect(shownPart({ directives: ["noarchive"], max_snippet: null })).toBe("all");
    expect(shownPart({ directives: [], max_snippet: 160 })).toBe("excerpt");
    expect(shownPart({ directives: [], max_snippet: 0 })).toBe("nothing");
    expect(shownPart({ directives: ["nosnippet"], max_snippet: null })).toBe("nothing");
  });
});

describe("what to keep in mind", () => {
  it("is told for what a reader can act on", () => {
    expect(caveats(["short", "ocr_low_confidence", "of a later version"])).toEqual([
      "Text recognition was unsure: check figures and names against the original",
    ]);
  });
});

describe("the label of copies", () => {
  it("counts outlets, else the times one outlet printed it", () => {
    expect(copiesLabel({ count: 9, outlets: 6, documents: [] })).toBe("+6 outlets");
    expect(copiesLabel({ count: 1, outlets: 1, documents: [] })).toBe("+1 outlet");
    expect(copiesLabel({ count: 2, outlets: 0, documents: [] })).toBe("+2 of the same outlet");
    expect(copiesLabel({ count: 0, outlets: 0, documents: [] })).toBeNull();
  });
});

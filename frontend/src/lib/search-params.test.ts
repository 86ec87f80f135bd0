import { describe, expect, it } from "vitest";
import {
  countFilters,
  parseSearch,
  readSearch,
  safeNext,
  setFacet,
  stringifySearch,
  toApiFilters,
} from "./search-params";

describe("search in the address", () => {
  it("survives a round trip with repeated, excluded and odd values", () => {
    const address = stringifySearch({
      q: "harbour & strike +5%",
      source: ["a.example", "b.example"],
      "-lang": ["de"],
      after: "2026-11-01",
      sort: "newest",
    });
    expect(readSearch(parseSearch(address))).toEqual({
      q: "harbour & strike +5%",
      source: ["a.example", "b.example"],
      "-lang": ["de"],
      after: "2026-11-01",
      sort: "newest",
    });
  });

  it("keeps a query that looks like a number or JSON as text", () => {
    expect(readSearch(parseSearch("?q=007")).q).toBe("007");
    expect(readSearch(parseSearch("?q=%5B1%5D")).q).toBe("[1]");
  });

  it("leaves out what it cannot understand", () => {
    expect(readSearch(parseSearch("?type=exe&after=soon&before=2026-13-40&sort=best&q="))).toEqual({});
  });

  it("writes nothing for empty values", () => {
    expect(stringifySearch({ q: "", source: [], doc: undefined })).toBe("");
  });
});

describe("filters for the API", () => {
  it("covers the named days whole", () => {
    const { published_after, published_before } = toApiFilters({ after: "2026-03-28", before: "2026-03-29" });
    const hours = (Date.parse(published_before ?? "") - Date.parse(published_after ?? "")) / 3_600_000;
    expect([47, 48, 49]).toContain(hours);
    expect(new Date(published_after ?? "").getHours()).toBe(0);
  });

  it("moves a value between included, excluded and off", () => {
    const included = setFacet({}, "source", "a", "in");
    expect(included.source).toEqual(["a"]);
    const excluded = setFacet(included, "source", "a", "out");
    expect(excluded).toEqual({ source: undefined, "-source": ["a"] });
    expect(countFilters(excluded)).toBe(1);
    expect(countFilters(setFacet(excluded, "source", "a", "off"))).toBe(0);
  });
});

describe("where to go after signing in", () => {
  it.each([
    "//evil.example",
    "https://evil.example",
    "/\\evil.example",
    "/\t/evil.example",
    "javascript:alert(1)",
    "",
  ])("stays home for %j", (value) => expect(safeNext(value)).toBe("/"));

  it("keeps a path with its query", () => {
    expect(safeNext("/search?q=a&lang=de")).toBe("/search?q=a&lang=de");
  });
});

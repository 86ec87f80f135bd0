import { describe, expect, it } from "vitest";
import type { NewsSource } from "@/lib/api-types";
import {
  countBy,
  filterSources,
  foldersOf,
  groupByFolder,
  isFiltered,
  readSourcesParams,
} from "./source-params";

function source(title: string, more: Partial<NewsSource> = {}): NewsSource {
  return {
    id: title,
    kind: "feed",
    url: `https://${title.toLowerCase()}.example/feed`,
    site_url: null,
    title,
    folder: null,
    category: null,
    paused: false,
    licence_note: null,
    created_at: "2026-11-01T00:00:00Z",
    status: "ok",
    status_detail: "Visited as planned.",
    interval_seconds: 1800,
    next_poll_at: "2026-11-25T12:00:00Z",
    polled_at: null,
    succeeded_at: null,
    new_at: null,
    error_count: 0,
    error_code: null,
    error_detail: null,
    items_per_day: 1,
    document_count: 0,
    duplicate: false,
    ...more,
  };
}

const rows = [
  source("Harbour", { folder: "Ports" }),
  source("Wexmouth", { folder: "Ports", kind: "page", status: "failing" }),
  source("Ferries", { folder: "apples", paused: true, status: "paused" }),
  source("Tides", { status: "silent" }),
];
const titles = (found: readonly NewsSource[]) => found.map((row) => row.title);

describe("the address of the list", () => {
  it("keeps what it understands and leaves out the rest", () => {
    const raw = { q: "harbour", folder: "Ports", kind: "feed", paused: "true", add: "opml", trouble: "look" };
    expect(readSourcesParams({ ...raw, odd: "1" })).toEqual({ ...raw, paused: true });
    expect(readSourcesParams({ kind: "carrier pigeon", paused: "maybe", add: "x", q: "", q2: "y" })).toEqual(
      {},
    );
  });

  it("takes an address to look at only along with the layer for it", () => {
    expect(readSourcesParams({ url: "https://a.example" })).toEqual({});
    expect(readSourcesParams({ add: "address", url: "https://a.example" }).url).toBe("https://a.example");
  });

  it("knows whether anything is filtered", () => {
    expect(isFiltered({})).toBe(false);
    expect(isFiltered({ paused: false })).toBe(true);
  });
});

describe("filters", () => {
  it("wants every word, in title, address or folder, in any case", () => {
    expect(titles(filterSources(rows, { q: "PORTS harbour" }))).toEqual(["Harbour"]);
    expect(titles(filterSources(rows, { q: "tides.example" }))).toEqual(["Tides"]);
    expect(filterSources(rows, { q: "nowhere" })).toEqual([]);
  });

  it("narrows by folder, kind, pause and trouble together", () => {
    expect(titles(filterSources(rows, { folder: "Ports", kind: "page" }))).toEqual(["Wexmouth"]);
    expect(titles(filterSources(rows, { paused: true }))).toEqual(["Ferries"]);
    expect(titles(filterSources(rows, { trouble: "failing" }))).toEqual(["Wexmouth"]);
    expect(titles(filterSources(rows, { trouble: "look" }))).toEqual(["Tides"]);
  });

  it("counts what a choice would show under the other filters", () => {
    expect(countBy(rows, { folder: "Ports", kind: "page" }, "folder")).toEqual(new Map([["Ports", 1]]));
    expect(countBy(rows, { folder: "Ports" }, "kind")).toEqual(
      new Map([
        ["feed", 1],
        ["page", 1],
      ]),
    );
  });
});

describe("folders", () => {
  it("stand by name, the sources in none at the end, titles by name inside", () => {
    const groups = groupByFolder([rows[3], rows[1], rows[0], rows[2]].filter((row) => row !== undefined));
    expect(groups.map(({ folder }) => folder)).toEqual(["apples", "Ports", null]);
    expect(titles(groups[1]?.rows ?? [])).toEqual(["Harbour", "Wexmouth"]);
  });

  it("are named once each", () => {
    expect(foldersOf(rows)).toEqual(["apples", "Ports"]);
  });
});

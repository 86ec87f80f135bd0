import { describe, expect, it } from "vitest";
import type { NewsSource } from "@/lib/api-types";
import { until } from "@/lib/format";
import { countsLine, delay, rate, troubleOf, volume } from "./words";

describe("how much a source brings", () => {
  it.each([
    [24.6, "about 25 a day"],
    [1, "about 1 a day"],
    [0.4, "about 3 a week"],
    [0.05, "less than one a week"],
    [0, "nothing lately"],
    [null, "no dates to tell how much"],
  ])("%s is %s", (perDay, words) => expect(volume(perDay)).toBe(words));

  it("is a short figure in a column", () => {
    expect([0, 0.36, 2, 12.5, 1234.5].map(rate)).toEqual(["0", "0.4", "2", "13", "1,235"]);
  });
});

describe("what became of a visit", () => {
  it("names the states that occurred and hides what is for programs", () => {
    expect(countsLine({ seen: 12, taken: 9, new: 7, duplicate: 2, failed: 0, unchanged: 3 })).toBe(
      "7 stored, 2 duplicate, 3 unchanged",
    );
    expect(countsLine({})).toBe("");
  });
});

describe("trouble", () => {
  const fine = { status: "ok", status_detail: "Visited as planned.", error_count: 0 } as NewsSource;
  it("is the sentence of a status that asks for somebody", () => {
    expect(troubleOf(fine)).toBeNull();
    expect(troubleOf({ ...fine, status: "silent", status_detail: "Nothing new for 9 days." })).toBe(
      "Nothing new for 9 days.",
    );
  });
  it("stays known while a failing source is paused or visited", () => {
    const paused = {
      ...fine,
      status: "paused",
      error_count: 4,
      error_detail: null,
      error_code: "rate_limited",
    } as const;
    expect(troubleOf(paused)).toBe("Failed 4 times in a row. Rate limited");
  });
});

describe("times to come", () => {
  const now = Date.parse("2026-11-25T12:00:00Z");
  it.each([
    ["2026-11-25T11:00:00Z", "now"],
    ["2026-11-25T12:12:10Z", "in 12 min"],
    ["2026-11-25T15:00:00Z", "in 3 h"],
    ["2026-11-28T12:00:00Z", "in 3 d"],
  ])("%s is %s", (at, words) => expect(until(at, now)).toBe(words));

  it("a delay of nothing is a second, an unknown one stays unknown", () => {
    expect([delay(0), delay(412), delay(null)]).toEqual(["1 s", "7 min", null]);
  });
});

import { describe, expect, it } from "vitest";
import type { Demo } from "@/lib/api-types";
import { progress, standing } from "./words";

const demo = (counts: Partial<Demo>): Demo => ({
  loaded: true,
  ready: 0,
  working: 0,
  failed: 0,
  pack_size: 79,
  questions: [],
  ...counts,
});

describe("where the demo stands", () => {
  it("says when it is not there", () => {
    expect(standing(demo({ loaded: false }))).toBe("Not loaded.");
    expect(progress(demo({ loaded: false }))).toBe(0);
  });

  it("counts what is read, failed ones too, while it is being read", () => {
    const half = demo({ ready: 37, failed: 1, working: 38 });
    expect(standing(half)).toBe("38 of 76 documents read.");
    expect(progress(half)).toBe(0.5);
  });

  it("says what is there, and what could not be read", () => {
    expect(standing(demo({ ready: 79 }))).toBe(
      "79 documents of invented news from a region that does not exist.",
    );
    expect(standing(demo({ ready: 78, failed: 1 }))).toContain("1 other could not be read.");
    expect(standing(demo({ ready: 76, failed: 1 }))).toContain("3 others could not be read.");
    expect(progress(demo({ ready: 78, failed: 1 }))).toBe(1);
  });
});

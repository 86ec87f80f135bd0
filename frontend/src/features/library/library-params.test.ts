import { describe, expect, it } from "vitest";
import { readLibrary, toSelection } from "./library-params";
import { stageLabel, stepLabel } from "./stages";

describe("readLibrary", () => {
  it("keeps what it understands and leaves out the rest", () => {
    expect(readLibrary({ status: "failed", folder: "Reports/2026", tag: "budget", page: "3" })).toEqual({
      status: "failed",
      folder: "Reports/2026",
      tag: "budget",
    });
    expect(readLibrary({ status: "constructor", folder: ["a", "b"], tag: "" })).toEqual({});
  });
});

describe("toSelection", () => {
  it("means every status that people call by one word", () => {
    expect(toSelection({ status: "processing" })).toEqual({ status: ["queued", "processing"] });
    expect(toSelection({ status: "stopped" })).toEqual({ status: ["paused", "cancelled"] });
  });

  it("asks for documents in no folder by the empty path", () => {
    expect(toSelection({ folder: "/", tag: "budget" })).toEqual({ folder: [""], tag: ["budget"] });
  });
});

describe("stages", () => {
  it("tells the page of text recognition", () => {
    expect(stageLabel("ocr", [{ stage: "ocr", page: 3, of: 10 }])).toBe("Recognising text, page 3 of 10");
    expect(stepLabel({ stage: "ocr", page: 3, of: 10 })).toBe("Text recognised, pages 3/10");
  });
});

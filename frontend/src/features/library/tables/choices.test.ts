import { describe, expect, it } from "vitest";
import type { TablePreview } from "@/client";
import { type Choice, headerOf, optionsOf } from "./choices";

const choice: Choice = {
  mode: "rows",
  columns: { title: 1, text: [2], date: null, url: null, author: null, source: null, language: null },
  has_header: true,
  delimiter: ";",
  encoding: "cp1252",
  day_first: true,
};

describe("optionsOf", () => {
  it("sends a sheet without columns", () => {
    expect(optionsOf({ ...choice, mode: "sheet" })).toEqual({ mode: "sheet" });
  });
  it("sends what was chosen, and lets the server find what cannot be chosen", () => {
    expect(optionsOf(choice)).toEqual(choice);
    const { delimiter: _d, encoding: _e, ...rest } = choice;
    expect(optionsOf({ ...choice, delimiter: "#", encoding: "utf-16-le" })).toEqual(rest);
  });
  it("lets the server guess while no text is chosen", () => {
    expect(optionsOf({ ...choice, columns: { ...choice.columns, text: [] } })).not.toHaveProperty("columns");
  });
});

describe("headerOf", () => {
  const preview = (has_header: boolean) =>
    ({ options: { has_header }, columns: [{ name: "title" }, { name: "body" }] }) as TablePreview;
  it("tells tables apart by the names of their columns, and not those without", () => {
    expect(headerOf(preview(true))).toBe("title\nbody");
    expect(headerOf(preview(false))).toBeNull();
  });
});

import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { ClaimsStrip } from "./claims-strip";

const told = (claims: Record<string, number>, quotes: boolean) =>
  renderToStaticMarkup(<ClaimsStrip usage={{ claims } as never} quotes={quotes} />).replace(/<[^>]*>/g, " ");

test("quotes are called quotes, not claims", () => {
  expect(told({ supported: 5, partly: 0, unsupported: 0 }, true)).toContain("5 quotes, word for word");
  expect(told({ supported: 1, partly: 0, unsupported: 3 }, true)).toContain("1 quote, word for word");
  expect(told({ supported: 0, partly: 0, unsupported: 3 }, true)).toBe("");
});

test("what the model wrote is told by what was found in the sources", () => {
  const text = told({ supported: 3, partly: 1, unsupported: 2 }, false).replace(/\s+/g, " ");
  expect(text).toContain("3 in its source");
  expect(text).toContain("1 only partly");
  expect(text).toContain("2 not there, so left out");
  expect(told({ supported: 0, partly: 0, unsupported: 0 }, false)).toBe("");
});

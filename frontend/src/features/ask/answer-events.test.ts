import { describe, expect, it } from "vitest";
import type { Answer } from "@/lib/api-types";
import { toApiFilters } from "@/lib/search-params";
import { applyEvent, draftOf, emptyDraft, seenOf } from "./answer-events";

const start = emptyDraft("Why?", toApiFilters({}), null, "extractive");
const event = (name: string, data: unknown) => ({ id: null, event: name, data: JSON.stringify(data) });

describe("a streamed answer", () => {
  it("grows sentence by sentence and keeps citations with their sentence", () => {
    const citation = {
      source_number: 1,
      document_id: "d",
      start: 0,
      end: 3,
      quote: "one",
      match: "verbatim",
      page: null,
    };
    const draft = [
      event("accepted", { answer_id: "ans_1" }),
      event("delta", { text: "One ", sentence: 0 }),
      event("delta", { text: "two.", sentence: 0 }),
      event("citation", { sentence: 0, citations: [citation] }),
      event("delta", { text: "Three.", sentence: 1 }),
    ].reduce(applyEvent, start);
    expect(draft.id).toBe("ans_1");
    expect(draft.sentences).toEqual([
      { text: "One two.", citations: [citation] },
      { text: "Three.", citations: [] },
    ]);
  });

  it("keeps the text when the stream fails", () => {
    const draft = [
      event("delta", { text: "One.", sentence: 0 }),
      event("error", {
        title: "Stopped",
        detail: "The model is gone.",
        status: 503,
        code: "engine_unavailable",
      }),
    ].reduce(applyEvent, start);
    expect(draft.phase).toBe("failed");
    expect(draft.error?.message).toBe("The model is gone.");
    expect(draft.sentences).toHaveLength(1);
  });

  it("goes on from what a reload found, without a part twice", () => {
    const sentence = { text: "One.", citations: [{ source_number: 1 }] };
    const stored = {
      ...{ id: "ans_1", thread_id: "thr_1", question: "Why?", status: "running", mode: "generated" },
      ...{ filters: { lang: ["en"] }, steps: [{ name: "search", detail: "2 sources", took_ms: 3 }] },
      ...{ sources: [{ number: 1 }], sentences: [sentence] },
    } as unknown as Answer;
    const draft = draftOf(stored);
    expect(draft.phase).toBe("running");
    expect(draft.filters.lang).toEqual(["en"]);
    expect(seenOf(draft)).toBe("1.1.2");
    const more = applyEvent(draft, event("delta", { text: "Two.", sentence: 1 }));
    expect(seenOf(more)).toBe("1.1.3");
    expect(more.sentences.map(({ text }) => text)).toEqual(["One.", "Two."]);
    expect(draftOf({ ...stored, status: "stopped" }).phase).toBe("stopped");
  });

  it("ignores what it does not know", () => {
    const draft = [
      { id: null, event: "delta", data: "not json" },
      event("novelty", {}),
      event("delta", { text: "x", sentence: 7 }),
    ].reduce(applyEvent, start);
    expect(draft).toEqual(start);
  });
});

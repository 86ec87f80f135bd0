/** How a streamed answer grows: one pure step per server-sent event. */
import type { Answer, Citation, SearchFilters, Source } from "@/lib/api-types";
import { toProblem } from "@/lib/problem";
import type { ServerEvent } from "@/lib/sse";

export interface Step {
  name: string;
  detail: string;
  tookMs: number | null;
}

export interface DraftSentence {
  text: string;
  citations: Citation[];
}

/** An answer while it is being written. `answer` is the final one, as stored. */
export interface Draft {
  id: string | null;
  question: string;
  filters: SearchFilters;
  phase: "running" | "done" | "failed" | "stopped";
  steps: Step[];
  sources: Source[];
  sentences: DraftSentence[];
  answer: Answer | null;
  error: Error | null;
}

export const emptyDraft = (question: string, filters: SearchFilters): Draft => ({
  id: null,
  question,
  filters,
  phase: "running",
  steps: [],
  sources: [],
  sentences: [],
  answer: null,
  error: null,
});

type Payload = Record<string, unknown>;

/** Apply one event. Unknown events and broken data leave the draft as it was. */
export function applyEvent(draft: Draft, { event, data }: ServerEvent): Draft {
  const payload = parse(data);
  if (!payload) return draft;
  switch (event) {
    case "accepted":
      return { ...draft, id: String(payload.answer_id) };
    case "step":
      return { ...draft, steps: [...draft.steps, readStep(payload)] };
    case "sources":
      return { ...draft, sources: payload.sources as Source[] };
    case "delta":
      return withSentence(draft, payload, (sentence) => ({
        ...sentence,
        text: sentence.text + String(payload.text ?? ""),
      }));
    case "citation":
      return withSentence(draft, payload, (sentence) => ({
        ...sentence,
        citations: payload.citations as Citation[],
      }));
    case "done": {
      const answer = payload.answer as Answer;
      return {
        ...draft,
        id: answer.id,
        phase: "done",
        answer,
        sources: answer.sources,
        sentences: answer.sentences,
      };
    }
    case "error":
      return { ...draft, phase: "failed", error: toProblem(payload) };
    default:
      return draft;
  }
}

function withSentence(
  draft: Draft,
  payload: Payload,
  change: (sentence: DraftSentence) => DraftSentence,
): Draft {
  const index = Number(payload.sentence);
  if (!Number.isInteger(index) || index < 0 || index > draft.sentences.length) return draft;
  const sentences = [...draft.sentences];
  sentences[index] = change(sentences[index] ?? { text: "", citations: [] });
  return { ...draft, sentences };
}

function readStep({ name, detail, took_ms }: Payload): Step {
  const words = typeof detail === "string" && detail !== "" ? detail : String(name ?? "");
  return { name: String(name ?? ""), detail: words, tookMs: typeof took_ms === "number" ? took_ms : null };
}

function parse(data: string): Payload | null {
  try {
    const value: unknown = JSON.parse(data);
    return typeof value === "object" && value !== null ? (value as Payload) : null;
  } catch {
    return null;
  }
}

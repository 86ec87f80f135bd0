import type { StageTime } from "@/lib/api-types";

/** The way of a document into the library, in order, in the words people see. */
export const STAGES = [
  { stage: "received", label: "Received" },
  { stage: "extracting", label: "Extracting" },
  { stage: "chunking", label: "Chunking" },
  { stage: "embedding", label: "Embedding" },
  { stage: "indexing", label: "Indexing" },
  { stage: "ready", label: "Ready" },
] as const;

/** Text recognition is a part of extracting. */
const RECOGNISING = "ocr";

/** How far a stage is, from 0; -1 for one that is not on the way, such as failed. */
export const stageIndex = (stage: string) =>
  STAGES.findIndex((known) => known.stage === (stage === RECOGNISING ? "extracting" : stage));

const ENDS: Record<string, string> = { failed: "Failed", paused: "Paused", cancelled: "Cancelled" };

/** The present stage in words; text recognition with its page, where `stages` tell it. */
export function stageLabel(stage: string, stages: readonly StageTime[] = []): string {
  if (stage === RECOGNISING) {
    const { page, of } = stages.at(-1) ?? {};
    return page && of ? `Recognising text, page ${page} of ${of}` : "Recognising text";
  }
  return STAGES[stageIndex(stage)]?.label ?? ENDS[stage] ?? stage;
}

const STEP_NAMES: Record<string, string> = {
  checking: "Checked",
  waiting: "Waited",
  rows: "Rows added",
  extracting: "Parsed",
  ocr: "Text recognised",
  chunking: "Cut into passages",
  embedding: "Embedded",
  indexing: "Made searchable",
};

/** One step in words: "Parsed", "Text recognised, pages 3/10". */
export function stepLabel({ stage, page, of }: StageTime): string {
  const name = STEP_NAMES[stage] ?? stage;
  return page && of ? `${name}, pages ${page}/${of}` : name;
}

/** The way of a document into the library, in order, in the words people see. */
export const STAGES = [
  { stage: "received", label: "Received" },
  { stage: "extracting", label: "Extracting" },
  { stage: "chunking", label: "Chunking" },
  { stage: "embedding", label: "Embedding" },
  { stage: "indexing", label: "Indexing" },
  { stage: "ready", label: "Ready" },
] as const;

/** How far a stage is, from 0; -1 for one that is not on the way, such as failed. */
export const stageIndex = (stage: string) => STAGES.findIndex((known) => known.stage === stage);

export function stageLabel(stage: string): string {
  return STAGES[stageIndex(stage)]?.label ?? (stage === "failed" ? "Failed" : stage);
}

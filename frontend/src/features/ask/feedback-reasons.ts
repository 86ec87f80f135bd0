/** What can be wrong with an answer, in the words of the interface. */
export const REASONS = [
  { reason: "wrong", label: "It is wrong" },
  { reason: "unsupported", label: "The sources do not say so" },
  { reason: "missing", label: "Something is missing" },
  { reason: "old", label: "It is out of date" },
  { reason: "other", label: "Something else" },
] as const;

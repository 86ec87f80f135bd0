import type { QueryClient } from "@tanstack/react-query";
import { statusQuery } from "@/features/shell/system-status";
import type { Mode } from "./answer-events";

/**
 * Who shall answer: the language model, unless only quotes are wanted or the server has said that it has none.
 *
 * Waits for the status where it is not known yet. Where it cannot be had, the server decides: asked for a written answer
 * it falls back to quotes when it has no model.
 */
export async function chooseMode(client: QueryClient, quotesOnly: boolean): Promise<Mode> {
  if (quotesOnly) return "extractive";
  const status = await client.ensureQueryData(statusQuery).catch(() => null);
  return status?.llm === "extractive" ? "extractive" : "generated";
}

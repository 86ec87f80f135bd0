import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ActionOutcome, DocumentAction, DocumentSelection } from "@/client";
import { documentActionsCreate } from "@/client";
import { refreshLists } from "@/features/documents/queries";
import { announce } from "@/lib/announce";
import { plural } from "@/lib/format";

/** What to do, without saying with which documents. */
export type Order = Pick<DocumentAction, "action" | "folder" | "tags" | "rows">;
export type Which = { ids: readonly string[] } | { filter: DocumentSelection };

// What one request takes.
const MOST = 500;

/** Do something to many documents; gives how it went for each. */
export function useActions(which: Which) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (orders: readonly Order[]) => actOnAll(which, orders),
    onSettled: () => {
      refreshLists(queryClient);
      void queryClient.invalidateQueries({ queryKey: ["document"] });
    },
    onSuccess: (outcomes) => {
      const refused = refusals(outcomes).length;
      announce(
        `${plural(outcomes.length - refused, "document")} changed${refused ? `, ${refused} not` : ""}`,
      );
    },
  });
}

export const refusals = (outcomes: readonly ActionOutcome[]) =>
  outcomes.filter(({ error }) => error !== null);

async function actOnAll(which: Which, orders: readonly Order[]): Promise<ActionOutcome[]> {
  const outcomes = new Map<string, ActionOutcome>();
  for (const order of orders) {
    for (const outcome of await actOn(which, order)) {
      if (!outcomes.get(outcome.id)?.error) outcomes.set(outcome.id, outcome);
    }
  }
  return [...outcomes.values()];
}

async function actOn(which: Which, order: Order): Promise<ActionOutcome[]> {
  const outcomes: ActionOutcome[] = [];
  if ("ids" in which) {
    for (let start = 0; start < which.ids.length; start += MOST) {
      const body = { ...order, ids: which.ids.slice(start, start + MOST) };
      outcomes.push(...(await documentActionsCreate({ body })).data.data);
    }
    return outcomes;
  }
  let cursor: string | null = null;
  do {
    const answer: Awaited<ReturnType<typeof documentActionsCreate<true>>> = await documentActionsCreate({
      body: { ...order, filter: which.filter, cursor },
    });
    outcomes.push(...answer.data.data);
    cursor = answer.data.next_cursor;
  } while (cursor !== null);
  return outcomes;
}

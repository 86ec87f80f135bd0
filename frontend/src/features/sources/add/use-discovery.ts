import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { sourcesCreate, sourcesDiscover } from "@/client";
import { announce } from "@/lib/announce";
import { noticeSignedOut } from "@/lib/api";
import type { Candidate, NewsSource } from "@/lib/api-types";
import { plural } from "@/lib/format";
import { toProblem } from "@/lib/problem";
import { expectChange, refreshSource } from "../queries";
import type { Category } from "../words";

/** Look at an address; the look can be given up. */
export function useDiscovery() {
  const running = useRef<AbortController>(null);
  const look = useMutation({
    mutationFn: async (url: string) => {
      running.current?.abort();
      running.current = new AbortController();
      return (await sourcesDiscover({ body: { url }, signal: running.current.signal })).data;
    },
    onSuccess: ({ candidates }) => announce(`${plural(candidates.length, "source")} found`),
  });
  const cancel = () => {
    running.current?.abort();
    look.reset();
  };
  return { look, cancel };
}

export interface Subscribed {
  added: NewsSource[];
  refused: { candidate: Candidate; error: Error }[];
}

interface Choice {
  chosen: readonly Candidate[];
  folder: string | null;
  category: Category | null;
}

/** Subscribe to the chosen candidates, one after the other; one that is refused does not stop the others. */
export function useSubscribe() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async ({ chosen, folder, category }: Choice): Promise<Subscribed> => {
      const done: Subscribed = { added: [], refused: [] };
      for (const candidate of chosen) {
        const { url, kind } = candidate;
        const body = { url, kind, title: candidate.title.slice(0, 300) || null, folder, category };
        try {
          done.added.push((await sourcesCreate({ body })).data);
        } catch (error) {
          noticeSignedOut(error);
          done.refused.push({ candidate, error: toProblem(error) });
        }
      }
      return done;
    },
    onSuccess: ({ added }) => {
      if (added.length === 0) return;
      expectChange();
      refreshSource(queryClient);
      announce(`Subscribed to ${plural(added.length, "source")}`);
    },
  });
}

import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { answersGet } from "@/client";
import type { Answer } from "@/lib/api-types";
import { type Draft, draftOf } from "./answer-events";
import { answerKey, resume, useDraft } from "./answer-store";

/** The answer of this address: the one being written, or the stored one. Null where no question was asked. */
export function useAnswer(answerId: string | undefined) {
  const draft = useDraft();
  const live =
    draft && (answerId ? draft.id === answerId : draft.phase === "running" || draft.id === null)
      ? draft
      : null;
  const stored = useQuery({
    queryKey: answerKey(answerId ?? ""),
    queryFn: async ({ signal }) => (await answersGet({ path: { answer_id: answerId ?? "" }, signal })).data,
    enabled: answerId !== undefined && !live,
  });
  const unfinished = !live && stored.data?.status === "running" ? stored.data : null;
  useEffect(() => {
    if (unfinished) void resume(unfinished);
  }, [unfinished]);
  if (live) return { ...shown(live, live.answer), loading: false, loadError: null, reload: () => undefined };
  if (!answerId) return null;
  return {
    ...(stored.data ? shown(draftOf(stored.data), stored.data) : { ...NOTHING, id: answerId }),
    loading: stored.isPending,
    loadError: stored.error,
    reload: () => void stored.refetch(),
  };
}

const NOTHING = {
  ...{ threadId: null, question: undefined, asked: undefined, filters: undefined, mode: undefined },
  ...{
    phase: "done" as const,
    retrying: false,
    steps: [],
    sources: [],
    sentences: [],
    conflicts: [],
    error: null,
  },
  ...{ made: undefined, usage: undefined, empty: false, stored: false },
};

/** What the screen shows of a draft; of the stored answer where there is one. `stored`: it has an address of its own. */
function shown(draft: Draft, answer: Answer | null) {
  return {
    ...draft,
    question: answer?.question ?? draft.question,
    asked: answer?.asked,
    mode: answer?.mode ?? draft.mode,
    made: answer?.made,
    usage: answer?.usage,
    empty: answer?.status === "no_sources",
    stored: answer !== null && answer.status !== "running",
  };
}

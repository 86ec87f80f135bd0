import { useQuery } from "@tanstack/react-query";
import { answersGet } from "@/client";
import { useSystemStatus } from "@/features/shell/system-status";
import type { SearchFilters } from "@/lib/api-types";
import { toApiFilters } from "@/lib/search-params";
import { answerKey, useDraft } from "./answer-store";

/** The answer of this address: the one being written, or the stored one. Null where no question was asked. */
export function useAnswer(answerId: string | undefined) {
  const draft = useDraft();
  const model = useSystemStatus()?.llm;
  const live =
    draft && (answerId ? draft.id === answerId : draft.phase === "running" || draft.id === null)
      ? draft
      : null;
  const stored = useQuery({
    queryKey: answerKey(answerId ?? ""),
    queryFn: async ({ signal }) => (await answersGet({ path: { answer_id: answerId ?? "" }, signal })).data,
    enabled: answerId !== undefined && !live,
  });
  const base = {
    loading: false,
    loadError: null,
    reload: () => void stored.refetch(),
    steps: [],
    error: null,
  };
  if (live) {
    const { question, filters, phase, steps, sources, sentences, error, id, answer } = live;
    const empty = answer?.status === "no_sources";
    return {
      ...base,
      id,
      question,
      filters,
      phase,
      steps,
      sources,
      sentences,
      error,
      mode: answer?.mode ?? model,
      empty,
    };
  }
  if (!answerId) return null;
  const { data } = stored;
  return {
    ...base,
    id: answerId,
    question: data?.question,
    filters: { ...toApiFilters({}), ...data?.filters } as SearchFilters,
    phase: "done" as const,
    sources: data?.sources ?? [],
    sentences: data?.sentences ?? [],
    mode: data?.mode,
    empty: data?.status === "no_sources",
    loading: stored.isPending,
    loadError: stored.error,
  };
}

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { queryUnderstand } from "@/client";
import type { QueryPart } from "@/lib/api-types";
import { useDebounced } from "@/lib/use-debounced";

const DEBOUNCE_MS = 150;
// Nothing else can be a filter, so nothing else is asked about.
const MARKED = /(?:^|\s)(?:-\S|-?[a-z]+:\S)/i;

/** What of a question would be read as filters, while it is typed: `source:bbc.com -word after:2026-11-01`. */
export function useQuestionParts(text: string): readonly QueryPart[] {
  const question = useDebounced(text.trim(), DEBOUNCE_MS);
  const marked = MARKED.test(question) && MARKED.test(text);
  const understood = useQuery({
    queryKey: ["understood", question],
    queryFn: async ({ signal }) =>
      (
        await queryUnderstand({
          query: { q: question, question: true, utc_offset: -new Date().getTimezoneOffset() },
          signal,
        })
      ).data.parts,
    placeholderData: keepPreviousData,
    enabled: marked,
  });
  return marked ? (understood.data ?? []) : [];
}

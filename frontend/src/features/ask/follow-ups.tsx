import { useQuery } from "@tanstack/react-query";
import { CornerDownRight } from "lucide-react";
import { followupsList } from "@/client";
import { plural } from "@/lib/format";

/** What to ask next, from what the sources tell and the answer does not. Each has an answer; where there is none, nothing. */
export function FollowUps({ answerId, onAsk }: { answerId: string; onAsk: (question: string) => void }) {
  const found = useQuery({
    queryKey: ["follow-ups", answerId],
    queryFn: async ({ signal }) => (await followupsList({ path: { answer_id: answerId }, signal })).data.data,
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (!found.data || found.data.length === 0) return null;
  return (
    <section aria-labelledby="follow-ups-title" className="mt-8">
      <h2 id="follow-ups-title" className="eyebrow border-b border-rule pb-2">
        The sources also tell
      </h2>
      <ul>
        {found.data.map(({ question, source_count }) => (
          <li key={question} className="border-b border-rule">
            <button
              type="button"
              onClick={() => onAsk(question)}
              className="flex w-full items-baseline gap-2.5 py-2 text-left hover:bg-sunken pointer-coarse:min-h-11"
            >
              <CornerDownRight size={14} aria-hidden className="shrink-0 translate-y-0.5 text-muted" />
              <span className="min-w-0 flex-1 font-serif">{question}</span>
              <span className="nums shrink-0 text-xs text-muted">{plural(source_count, "source")}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

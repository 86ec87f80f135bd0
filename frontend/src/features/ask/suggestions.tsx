import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { searchPost } from "@/client";
import { buttonClass } from "@/components/ui/button";
import { Empty, Skeleton } from "@/components/ui/states";
import { DemoQuestions } from "@/features/demo/demo-questions";
import { DemoHint, LoadDemo } from "@/features/demo/load-demo";
import { useDemo } from "@/features/demo/queries";
import { sourceName } from "@/lib/format";
import { toApiFilters } from "@/lib/search-params";

const OFFERED = 5;

interface SuggestionsProps {
  onAsk: (question: string) => void;
}

/** First questions: those of the demo where it is loaded, and some made from the newest headlines. */
export function Suggestions({ onAsk }: SuggestionsProps) {
  return (
    <>
      <DemoQuestions onAsk={onAsk} />
      <Headlines onAsk={onAsk} />
    </>
  );
}

function Headlines({ onAsk }: SuggestionsProps) {
  const demo = useDemo().data;
  const newest = useQuery({
    queryKey: ["search", "suggestions"],
    queryFn: async ({ signal }) =>
      (
        await searchPost({
          body: { query: "", filters: toApiFilters({}), limit: OFFERED, sort: "newest" },
          signal,
        })
      ).data,
  });
  // They would change under the reader's hand as more becomes ready.
  if (demo && demo.working > 0) return null;
  if (newest.isPending) return <Skeleton lines={5} className="mt-8" />;
  const headlines = newest.data?.data.map((hit) => hit.document) ?? [];
  if (newest.data && headlines.length === 0) {
    if (demo?.loaded) return null;
    return (
      <Empty
        title="There is nothing to ask about yet"
        action={
          <>
            <Link to="/library" className={buttonClass("primary")}>
              Add the first document
            </Link>
            <LoadDemo />
          </>
        }
      >
        Answers are built from your own documents only, each sentence with its source.
        <DemoHint />
      </Empty>
    );
  }
  return (
    <section className="mt-10" aria-labelledby="suggestions-title">
      <h2 id="suggestions-title" className="border-b border-ink pb-1.5 font-serif text-sm font-semibold">
        Ask about one of your newest documents
      </h2>
      <ul>
        {headlines.map(({ id, title, source }) => (
          <li key={id} className="border-b border-rule">
            <button
              type="button"
              onClick={() => onAsk(`What is reported about “${title}”?`)}
              className="flex w-full items-baseline gap-4 py-2.5 text-left hover:bg-sunken"
            >
              <span className="min-w-0 flex-1 font-serif font-semibold">{title}</span>
              <span className="shrink-0 text-xs text-muted max-sm:hidden">{sourceName(source)}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

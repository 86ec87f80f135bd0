import { useQuery } from "@tanstack/react-query";
import { type BriefingResource, briefingGet, type StoryResource } from "@/client";
import { Problem, Skeleton } from "@/components/ui/states";
import { Time } from "@/components/ui/time";
import { CitationChip } from "@/features/ask/citation-chip";
import { dayHeading, plural, sourceName } from "@/lib/format";
import { publishedLabel } from "@/lib/provenance";

const DAY_MS = 86_400_000;

/** The newest stories in a sentence each; like the list it follows the library. */
function useBriefing(everything: boolean) {
  return useQuery({
    queryKey: ["search", "briefing", everything],
    queryFn: async ({ signal }) => (await briefingGet({ query: { uploads: everything }, signal })).data,
  });
}

/** The newest stories in a sentence each, word for word; each leads to where it stands. Loaded apart from Search. */
export default function Briefing({ everything }: { everything: boolean }) {
  const briefing = useBriefing(everything);
  if (briefing.data?.documents === 0) return null;
  return (
    <section aria-labelledby="briefing-title" className="pb-6">
      <h2
        id="briefing-title"
        className="border-b border-ink px-4 pb-1.5 font-serif text-sm font-semibold md:px-5"
      >
        In short
      </h2>
      {/* Keeps about the place of three stories, so that the list below does not jump far. */}
      {briefing.isPending && <Skeleton lines={8} className="px-4 py-4 md:px-5" />}
      {briefing.error && (
        <Problem
          error={briefing.error}
          className="mx-4 mt-3 md:mx-5"
          onRetry={() => void briefing.refetch()}
        />
      )}
      {briefing.data && (
        <>
          <ol>
            {briefing.data.stories.map((story, index) => (
              <Story key={story.document.id} story={story} number={index + 1} />
            ))}
          </ol>
          {briefing.data.stories.length === 0 && (
            <p className="px-4 pt-3 text-sm text-muted md:px-5">
              None of the newest documents has a sentence that can be quoted alone; they are listed below.
            </p>
          )}
          <p className="px-4 pt-2 text-xs text-muted md:px-5">
            {origin(briefing.data)} The words are the publishers’; the numbers lead to where they stand.
          </p>
        </>
      )}
    </section>
  );
}

/** Of how many documents of which time the stories are. */
function origin({ documents, since, until, is_current }: BriefingResource): string {
  const days = Math.round((Date.parse(until) - Date.parse(since)) / DAY_MS);
  const time = days === 1 ? "24 hours" : `${days} days`;
  const from = `From ${plural(documents, "document")} published in`;
  if (is_current) return `${from} the last ${time}.`;
  const newest = dayHeading(until).replace("Yesterday", "yesterday");
  return `Nothing new in the last ${time}. ${from} the ${time} up to ${newest}.`;
}

function Story({ story, number }: { story: StoryResource; number: number }) {
  const { document, start, end, page, sentence, outlets } = story;
  return (
    <li className="border-b border-rule px-4 py-2.5 md:px-5">
      <p className="font-serif text-base leading-[1.45]" lang={document.language ?? undefined}>
        {sentence}
        <CitationChip
          citation={{
            source_number: number,
            document_id: document.id,
            start,
            end,
            page,
            quote: sentence,
            match: "verbatim",
          }}
          source={{ document }}
          onOpen={undefined}
        />
      </p>
      <p className="mt-0.5 flex flex-wrap gap-x-2 text-xs text-muted">
        <span className="text-ink">{sourceName(document.source)}</span>
        {outlets > 0 && <span>+{plural(outlets, "outlet")}</span>}
        <Time
          at={document.published_at ?? document.first_seen_at}
          label={document.published_at ? publishedLabel(document) : "First seen"}
        />
        <span className="min-w-0 truncate">{document.title}</span>
      </p>
    </li>
  );
}

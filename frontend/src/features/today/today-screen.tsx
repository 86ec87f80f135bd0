import { Link, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { buttonClass } from "@/components/ui/button";
import { Empty, Problem, Skeleton } from "@/components/ui/states";
import { SwitchRow } from "@/components/ui/switch-row";
import { Results } from "@/features/search/results";
import { useSystemStatus } from "@/features/shell/system-status";
import type { Hit } from "@/lib/api-types";
import { useTitle } from "@/lib/use-title";
import { FirstRun } from "./first-run";
import { Heartbeat } from "./heartbeat";
import { useNewest } from "./queries";
import { SavedSearches } from "./saved-searches";

const Briefing = lazy(() => import("./briefing"));

/** What is new: the newest documents by day on the left, the searches one follows on the right. */
export function TodayScreen({ everything }: { everything: boolean }) {
  const documents = useSystemStatus()?.documents;
  const empty = documents !== undefined && documents.ready + documents.working === 0;
  useTitle("Today");
  return (
    <div className="mx-auto max-w-6xl pb-24 lg:grid lg:grid-cols-[minmax(0,1fr)_21rem] lg:gap-8 lg:px-8">
      <div className="min-w-0">
        <header className="flex flex-wrap items-end gap-x-6 gap-y-3 px-4 pt-5 pb-4 md:px-5 md:pt-8">
          <div className="min-w-0 flex-1 max-sm:w-full max-sm:flex-none">
            <h1 className="font-serif text-2xl font-semibold tracking-tight">Today</h1>
            {!empty && <Heartbeat />}
          </div>
          {!empty && <Choice everything={everything} />}
        </header>
        {/* On a phone what one follows comes before the long list. */}
        <div className="pb-4 lg:hidden">{!empty && <SavedSearches />}</div>
        {empty ? (
          <FirstRun />
        ) : (
          <>
            <Suspense fallback={<Skeleton lines={9} className="px-4 pb-8 md:px-5" />}>
              <Briefing everything={everything} />
            </Suspense>
            <Newest everything={everything} />
          </>
        )}
      </div>
      <aside aria-label="What you follow" className="hidden pt-10 lg:block">
        <div className="sticky top-10">{!empty && <SavedSearches />}</div>
      </aside>
    </div>
  );
}

function Newest({ everything }: { everything: boolean }) {
  const newest = useNewest(everything);
  const pages = newest.data?.pages ?? [];
  // A page loaded later may repeat a document that moved down meanwhile.
  const hits = [
    ...new Map(pages.flatMap((page) => page.data).map((hit: Hit) => [hit.document.id, hit])).values(),
  ];
  if (newest.isPending)
    return (
      <div className="space-y-10 px-5 py-6">
        {["a", "b", "c", "d"].map((key) => (
          <Skeleton key={key} lines={4} />
        ))}
      </div>
    );
  return (
    <section aria-label="Newest">
      {newest.error && <Problem error={newest.error} className="m-4" onRetry={() => void newest.refetch()} />}
      {newest.data && hits.length === 0 && <NothingWatched everything={everything} />}
      <Results
        hits={hits}
        selectedId={undefined}
        ranked={false}
        byDay
        dimmed={false}
        onSelect={undefined}
        onMore={newest.hasNextPage ? () => void newest.fetchNextPage() : undefined}
        loadingMore={newest.isFetchingNextPage}
      />
    </section>
  );
}

/** There are documents, and none came from an outlet yet. */
function NothingWatched({ everything }: { everything: boolean }) {
  if (everything) return <Empty title="Nothing can be read yet">What was added is still being read.</Empty>;
  return (
    <Empty
      title="Nothing from the web yet"
      action={
        <>
          <Link to="/sources" search={{ add: "packs" }} className={buttonClass("primary")}>
            Watch a source
          </Link>
          <Link to="/" search={{ all: "1" }} className={buttonClass("secondary")}>
            Show uploads
          </Link>
        </>
      }
    >
      What you uploaded is in the library. News of the sources you watch comes in here by itself.
    </Empty>
  );
}

const CHOICES = [
  { label: "News", value: false },
  { label: "Uploads too", value: true },
] as const;

function Choice({ everything }: { everything: boolean }) {
  const navigate = useNavigate();
  return (
    <SwitchRow<boolean>
      label="What to list"
      className="text-xs text-muted"
      choices={CHOICES}
      chosen={everything}
      onChoose={(value) => void navigate({ to: "/", search: value ? { all: "1" } : {}, replace: true })}
    />
  );
}

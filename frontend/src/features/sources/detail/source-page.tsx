import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import { buttonClass } from "@/components/ui/button";
import { Empty, Problem, Skeleton } from "@/components/ui/states";
import { cx } from "@/lib/cx";
import { isMissing } from "@/lib/problem";
import { useTitle } from "@/lib/use-title";
import { healthQuery, sourceQuery } from "../queries";
import type { ItemState } from "../words";
import { Alarms, Figures } from "./figures";
import { Ledger } from "./ledger";
import { LiveLog } from "./live-log";
import { SourceHeader } from "./source-header";
import { Visits } from "./visits";

/** One source: how it fares, what it does just now, and what became of everything it showed. */
export function SourcePage({ sourceId, state }: { sourceId: string; state: ItemState | undefined }) {
  const navigate = useNavigate();
  const { data: source, error, refetch, isLoading } = useQuery(sourceQuery(sourceId));
  const alarms = useQuery(healthQuery(sourceId)).data?.alarms ?? [];
  useTitle(source?.title ?? "Source");
  const onState = (next: ItemState | undefined) =>
    void navigate({
      to: "/sources/$sourceId",
      params: { sourceId },
      search: next ? { state: next } : {},
      replace: true,
      resetScroll: false,
    });
  return (
    <div className="mx-auto max-w-6xl px-4 pt-3 pb-24 md:px-8 md:pt-5">
      <Link to="/sources" className={cx(buttonClass("quiet", "small"), "-ml-2.5 mb-3")}>
        <ArrowLeft size={14} aria-hidden />
        Sources
      </Link>
      {((error && isMissing(error)) || (!source && !error && !isLoading)) && <Gone />}
      {error && !isMissing(error) && (
        <Problem error={error} onRetry={() => void refetch()} className="mb-4" />
      )}
      {isLoading && <Skeleton lines={8} />}
      {source && !isMissing(error) && (
        <>
          <Alarms alarms={alarms} />
          <SourceHeader source={source} alarms={alarms} />
          <Figures source={source} />
          <div className="mt-8 grid grid-cols-[minmax(0,1fr)] gap-x-10 gap-y-8 lg:grid-cols-[minmax(0,1fr)_minmax(0,22rem)] lg:grid-rows-[auto_1fr]">
            <div className="lg:col-start-2">
              <LiveLog source={source} />
            </div>
            <div className="lg:col-start-1 lg:row-span-2 lg:row-start-1">
              <Ledger sourceId={sourceId} state={state} onState={onState} />
            </div>
            <div className="lg:col-start-2">
              <Visits sourceId={sourceId} />
            </div>
          </div>
        </>
      )}
    </div>
  );
}

function Gone() {
  return (
    <Empty
      title="This source is not here"
      action={
        <Link to="/sources" className={buttonClass("primary")}>
          Show all sources
        </Link>
      }
    >
      It may have been removed. Documents it brought may still be in the library.
    </Empty>
  );
}

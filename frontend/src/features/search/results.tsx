import { Fragment } from "react";
import { Button } from "@/components/ui/button";
import type { Hit } from "@/lib/api-types";
import { cx } from "@/lib/cx";
import { dayHeading } from "@/lib/format";
import { ResultRow } from "./result-row";

interface ResultsProps {
  hits: readonly Hit[];
  selectedId: string | undefined;
  ranked: boolean;
  byDay: boolean;
  dimmed: boolean;
  onSelect: ((hit: Hit, how: "click" | "focus") => void) | undefined;
  onMore: (() => void) | undefined;
  loadingMore: boolean;
}

/** The rows; in a list ordered by time, under a heading for each day. */
export function Results({
  hits,
  selectedId,
  ranked,
  byDay,
  dimmed,
  onSelect,
  onMore,
  loadingMore,
}: ResultsProps) {
  let day = "";
  return (
    <>
      <ol
        className={cx("transition-opacity duration-100", dimmed && "opacity-55")}
        aria-label="Results"
        aria-busy={dimmed}
      >
        {hits.map((hit) => {
          const heading = byDay ? dayHeading(hit.document.published_at ?? hit.document.first_seen_at) : "";
          const first = heading !== day;
          day = heading;
          return (
            <Fragment key={hit.document.id}>
              {first && heading && (
                <li className="border-b border-ink px-4 pt-6 pb-1.5 first:pt-4 md:pl-5">
                  <h2 className="font-serif text-sm font-semibold">{heading}</h2>
                </li>
              )}
              <ResultRow
                level={byDay ? "h3" : "h2"}
                hit={hit}
                selected={hit.document.id === selectedId}
                ranked={ranked}
                onSelect={onSelect}
              />
            </Fragment>
          );
        })}
      </ol>
      {onMore && (
        <div className="p-6 text-center">
          <Button look="secondary" onClick={onMore} disabled={loadingMore}>
            {loadingMore ? "Loading" : "Load more results"}
          </Button>
        </div>
      )}
    </>
  );
}

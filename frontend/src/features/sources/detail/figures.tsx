import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Problem, Skeleton } from "@/components/ui/states";
import type { NewsSource } from "@/lib/api-types";
import { percent } from "@/lib/format";
import { healthQuery } from "../queries";
import { delay, rate } from "../words";
import { DayBars } from "./day-bars";

/** What a source brings and how well: the last 14 days as bars, and four figures. */
export function Figures({ source }: { source: NewsSource }) {
  const health = useQuery(healthQuery(source.id));
  if (!health.data) {
    if (health.error)
      return <Problem error={health.error} onRetry={() => void health.refetch()} className="mt-6" />;
    return <Skeleton lines={5} className="mt-6 h-32" />;
  }
  const { days, extraction_share, duplicate_share, delay_median_seconds, delay_p95_seconds } = health.data;
  const slow = delay(delay_p95_seconds);
  return (
    <section aria-label="Figures" className="mt-6 grid gap-x-10 gap-y-6 md:grid-cols-[minmax(0,28rem)_1fr]">
      <div>
        <h2 className="eyebrow mb-1">New documents a day, last 14 days</h2>
        <DayBars days={days} />
      </div>
      <dl className="grid grid-cols-2 content-start gap-x-8 gap-y-4 self-center lg:grid-cols-4">
        <Figure name="A day" note={`${source.document_count} in all`}>
          {rate(source.items_per_day)}
        </Figure>
        <Figure name="Read well" note="of the last 100 pages fetched">
          {extraction_share === null ? null : percent(extraction_share)}
        </Figure>
        <Figure name="Duplicates" note="stored already from elsewhere">
          {duplicate_share === null ? null : percent(duplicate_share)}
        </Figure>
        <Figure
          name="Delay"
          note={slow ? `to searchable; 95 % within ${slow}` : "from published to searchable"}
        >
          {delay(delay_median_seconds)}
        </Figure>
      </dl>
    </section>
  );
}

function Figure({ name, note, children }: { name: string; note: string; children: ReactNode }) {
  return (
    <div>
      <dt className="eyebrow">{name}</dt>
      <dd className="nums font-serif text-xl">
        {children ?? <span className="text-base text-muted">not yet known</span>}
        <span className="block font-sans text-xs text-muted">{note}</span>
      </dd>
    </div>
  );
}

/** Amber, above everything: what somebody should look at. */
export function Alarms({ alarms }: { alarms: readonly string[] }) {
  if (alarms.length === 0) return null;
  return (
    <ul className="mb-5 space-y-2" aria-label="Alarms">
      {alarms.map((alarm) => (
        <li key={alarm} className="border-l-2 border-warning bg-warning-soft px-4 py-2 text-sm">
          {alarm}
        </li>
      ))}
    </ul>
  );
}

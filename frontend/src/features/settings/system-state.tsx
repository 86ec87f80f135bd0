import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Problem, Skeleton } from "@/components/ui/states";
import { Time } from "@/components/ui/time";
import { statusQuery } from "@/features/shell/system-status";
import type { SystemStatus } from "@/lib/api-types";
import { cx } from "@/lib/cx";
import { number, took } from "@/lib/format";

const LOOK_MS = 5_000;
const DOTS = {
  ready: "bg-accent",
  warming: "bg-warning",
  degraded: "bg-warning",
  down: "bg-failure",
  off: "bg-rule",
};
const COUNTS = [
  { key: "ready", label: "can be found", status: "ready" },
  { key: "working", label: "being read", status: "processing" },
  { key: "failed", label: "failed", status: "failed" },
  { key: "stopped", label: "paused or cancelled", status: "stopped" },
] as const;

/** How every part of the server is, looked at every few seconds, and where the documents are. */
export function SystemState() {
  const { data, error, refetch } = useQuery({ ...statusQuery, refetchInterval: LOOK_MS });
  if (error && !data) return <Problem error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton lines={6} />;
  return (
    <div className="text-sm">
      {error && <Problem error={error} onRetry={() => void refetch()} className="mb-3" />}
      <Documents counts={data.documents} />
      <ul className="mt-3 border-t border-rule" aria-label="Parts of the server">
        {data.components.map(({ name, state, detail, since, took_ms }) => (
          <li
            key={name}
            className="grid grid-cols-[auto_minmax(0,1fr)_auto] items-baseline gap-x-3 border-b border-rule py-2"
          >
            <span className={cx("size-1.5 rounded-full", DOTS[state])} aria-hidden />
            <span className="min-w-0">
              <span className="font-medium">{name}</span> <span className="text-muted">{state}</span>
              {detail && <span className="block break-words text-muted">{detail}</span>}
            </span>
            <span className="nums text-right text-xs text-muted">
              changed <Time at={since} />
              {state !== "off" && <span className="block">answered in {took(took_ms)}</span>}
            </span>
          </li>
        ))}
      </ul>
      <p className="mt-3 text-muted">
        <code>tidings doctor</code> looks deeper and says how to mend what it finds;{" "}
        <code>tidings doctor --bundle</code> writes a report without secrets.
      </p>
    </div>
  );
}

function Documents({ counts }: { counts: SystemStatus["documents"] }) {
  return (
    <dl className="flex flex-wrap gap-x-8 gap-y-2">
      {COUNTS.map(({ key, label, status }) => (
        <div key={key} className="flex flex-row-reverse items-baseline gap-1.5">
          <dt className="text-muted">{label}</dt>
          <dd className="nums font-medium">
            <Link to="/library" search={{ status }} className="link">
              {number(counts[key])}
            </Link>
          </dd>
        </div>
      ))}
    </dl>
  );
}

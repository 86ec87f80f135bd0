import { Link } from "@tanstack/react-router";
import { Time } from "@/components/ui/time";
import { useSystemStatus } from "@/features/shell/system-status";
import { number, plural } from "@/lib/format";
import { useHeartbeat } from "./queries";

/** Whether news comes in: one line, live. */
export function Heartbeat() {
  const beat = useHeartbeat();
  const working = useSystemStatus()?.documents.working ?? 0;
  if (beat.error) return <p className="mt-1 text-sm text-muted">How news comes in cannot be counted now.</p>;
  // Keeps its place, so that nothing below jumps.
  if (!beat.data) return <p className="mt-1 text-sm">&nbsp;</p>;
  const { documents, outlets, watched, latest_at } = beat.data;
  return (
    <p className="nums mt-1 text-sm text-muted">
      {plural(documents, "document")} added from {plural(outlets, "outlet")} in 24 hours
      {latest_at && (
        <>
          , the last one <Time at={latest_at} label="First seen" />
        </>
      )}
      {working > 0 && `, ${number(working)} being read`},{" "}
      <Link to="/sources" className="link whitespace-nowrap">
        {watched === 0 ? "no source watched" : `${plural(watched, "source")} watched`}
      </Link>
    </p>
  );
}

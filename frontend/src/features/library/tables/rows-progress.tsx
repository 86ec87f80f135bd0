import type { TableProgress } from "@/client";
import type { TidingsDocument } from "@/lib/api-types";
import { number, plural } from "@/lib/format";

const REASONS: Record<string, string> = {
  no_text: "without text",
  taken_down: "of a domain that was taken down",
};

interface RowsProgressProps {
  rows: TableProgress;
  status: TidingsDocument["status"];
}

/** How far a table is whose rows become documents, and what became of them. */
export function RowsProgress({ rows, status }: RowsProgressProps) {
  return (
    <div className="text-xs text-muted">
      {status !== "ready" && status !== "failed" && (
        <p className="flex items-center gap-2.5">
          <progress
            className="bar"
            value={rows.taken}
            max={Math.max(rows.total, 1)}
            aria-label="Rows taken"
          />
          <span className="nums">
            Rows {number(rows.taken)} of {number(rows.total)}
          </span>
        </p>
      )}
      {rows.taken > 0 && (
        <p className="nums mt-0.5 flex flex-wrap gap-x-2.5">
          <span className={status === "ready" ? "font-medium text-accent" : ""}>
            {number(rows.added)} added
          </span>
          {rows.duplicates > 0 && <span>{plural(rows.duplicates, "duplicate")}</span>}
          {rows.skipped.map(({ reason, count, row }) => (
            <span key={reason} title={`The first is row ${row}`}>
              {number(count)} {REASONS[reason] ?? reason}
            </span>
          ))}
          {rows.failed > 0 && <span className="text-failure">{number(rows.failed)} failed</span>}
          {rows.reading > 0 && <span>{number(rows.reading)} still being read</span>}
          {rows.paused > 0 && <span className="text-warning">{number(rows.paused)} paused</span>}
          {rows.cancelled > 0 && <span>{number(rows.cancelled)} cancelled</span>}
        </p>
      )}
    </div>
  );
}

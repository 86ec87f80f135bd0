import type { TidingsDocument } from "@/lib/api-types";
import { took } from "@/lib/format";
import { stepLabel } from "./stages";

const UNFINISHED: Partial<Record<TidingsDocument["status"], string>> = {
  failed: "failed",
  paused: "not finished",
  cancelled: "not finished",
};

/** The steps of reading one document so far, with the time that each took. */
export function Steps({ document }: { document: TidingsDocument }) {
  const { stages, status } = document;
  if (stages.length === 0) return null;
  const total = stages.reduce((sum, step) => sum + (step.milliseconds ?? 0), 0);
  return (
    <dl aria-label="Steps" className="nums mt-1.5 flex flex-wrap gap-x-4 gap-y-1 text-xs text-muted">
      {stages.map((step) => (
        <div key={step.stage} className="flex gap-1.5">
          <dt>{stepLabel(step)}</dt>
          <dd className="text-ink">
            {typeof step.milliseconds === "number" ? took(step.milliseconds) : (UNFINISHED[status] ?? "…")}
          </dd>
        </div>
      ))}
      {status === "ready" && (
        <div className="flex gap-1.5">
          <dt>In all</dt>
          <dd className="font-medium text-ink">{took(total)}</dd>
        </div>
      )}
    </dl>
  );
}

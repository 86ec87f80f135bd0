import type { StageTime } from "@/lib/api-types";
import { cx } from "@/lib/cx";
import { STAGES, stageIndex, stageLabel } from "./stages";

/** The stages of one document as a row of short bars, with the name of the present one. */
export function StageLine({ stage, stages }: { stage: string; stages?: readonly StageTime[] }) {
  const at = stageIndex(stage);
  const done = stage === "ready";
  return (
    <div className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
      <div className="flex gap-1" aria-hidden>
        {STAGES.map((step, index) => (
          <span
            key={step.stage}
            title={step.label}
            className={cx(
              "h-1 w-5 rounded-full transition-colors duration-100",
              index < at || done ? "bg-accent" : index === at ? "animate-pulse bg-accent" : "bg-rule",
            )}
          />
        ))}
      </div>
      <span className={cx("text-xs", done ? "font-medium text-accent" : "text-muted")}>
        {stageLabel(stage, stages)}
      </span>
    </div>
  );
}

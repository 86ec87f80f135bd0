import { cx } from "@/lib/cx";
import { isoDay } from "@/lib/format";
import type { FilterParams } from "@/lib/search-params";

const PRESETS = [
  { label: "Today", days: 0 },
  { label: "7 days", days: 6 },
  { label: "30 days", days: 29 },
];

/** When a document was published: three short cuts and two exact days, both inclusive. */
export function DateFilter({
  filters,
  onFilters,
}: {
  filters: FilterParams;
  onFilters: (filters: FilterParams) => void;
}) {
  const set = (change: Pick<FilterParams, "after" | "before">) => onFilters({ ...filters, ...change });
  return (
    <fieldset className="min-w-0 border-t border-rule pt-3 pb-4">
      <legend className="eyebrow float-left mb-1.5 w-full">Published</legend>
      <div className="clear-both flex gap-1">
        {PRESETS.map(({ label, days }) => {
          const on = filters.after === isoDay(days) && !filters.before;
          return (
            <button
              key={label}
              type="button"
              aria-pressed={on}
              onClick={() => set({ after: on ? undefined : isoDay(days), before: undefined })}
              className={cx(
                "h-7 flex-1 rounded border text-xs whitespace-nowrap pointer-coarse:h-11",
                on
                  ? "border-accent bg-selected font-medium text-accent"
                  : "border-rule text-muted hover:border-edge hover:text-ink",
              )}
            >
              {label}
            </button>
          );
        })}
      </div>
      <DayInput
        label="From"
        value={filters.after}
        max={filters.before}
        onDay={(after) => set({ after, before: filters.before })}
      />
      <DayInput
        label="To"
        value={filters.before}
        min={filters.after}
        onDay={(before) => set({ after: filters.after, before })}
      />
    </fieldset>
  );
}

interface DayInputProps {
  label: string;
  value: string | undefined;
  min?: string | undefined;
  max?: string | undefined;
  onDay: (day: string | undefined) => void;
}

function DayInput({ label, value, min, max, onDay }: DayInputProps) {
  return (
    <label className="mt-2 flex items-center gap-2 text-xs text-muted">
      <span className="w-8">{label}</span>
      <input
        type="date"
        className="field field-small nums flex-1"
        value={value ?? ""}
        min={min}
        max={max}
        onChange={(event) => onDay(event.target.value || undefined)}
      />
    </label>
  );
}

import { type KeyboardEvent, type PointerEvent, useEffect, useState } from "react";
import type { Histogram } from "@/lib/api-types";
import { cx } from "@/lib/cx";
import { dayOf, number, plural, showDay } from "@/lib/format";
import type { FilterParams, SearchParams } from "@/lib/search-params";
import { readFilters } from "@/lib/search-params";
import { useHistogram } from "./use-search";

const HEIGHT = 32;

interface StripProps {
  params: SearchParams;
  ready: boolean;
  onFilters: (filters: FilterParams) => void;
}

/** When the results were published. Dragging over the bars makes a date filter of them. */
export function HistogramStrip({ params, ready, onFilters }: StripProps) {
  const { data } = useHistogram(params, ready);
  // Something to choose from, or nothing at all.
  if (!data || data.bins.length < 2) return null;
  return (
    <Brush
      key={`${data.bins[0]?.start} ${data.bins.length}`}
      histogram={data}
      onDays={(after, before) => onFilters({ ...readFilters({ ...params }), after, before })}
    />
  );
}

type Range = [from: number, to: number];

function Brush({
  histogram,
  onDays,
}: {
  histogram: Histogram;
  onDays: (after: string, before: string) => void;
}) {
  const { bins, earlier, interval } = histogram;
  const [range, setRange] = useState<Range | null>(null);
  const [dragging, setDragging] = useState(false);
  const [pointed, setPointed] = useState<number | null>(null);
  const most = Math.max(...bins.map(({ count }) => count), 1);
  const last = bins.length - 1;
  const [low, high] = range ? [Math.min(...range), Math.max(...range)] : [-1, -1];

  // A drag that ends elsewhere, or is taken away, must not stay open.
  useEffect(() => {
    if (!dragging) return;
    const stop = () => setDragging(false);
    window.addEventListener("blur", stop);
    return () => window.removeEventListener("blur", stop);
  }, [dragging]);

  const at = (event: PointerEvent<HTMLElement>) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    return Math.min(last, Math.max(0, Math.floor(((event.clientX - left) / width) * bins.length)));
  };
  const choose = (from: number, to: number) => {
    setRange(null);
    onDays(firstDay(histogram, from), lastDay(histogram, to));
  };

  function onKeyDown(event: KeyboardEvent) {
    const [from, to] = range ?? [last, last];
    const steps: Record<string, number> = { ArrowLeft: to - 1, ArrowRight: to + 1, Home: 0, End: last };
    const step = steps[event.key];
    if (step !== undefined) {
      const next = range ? Math.min(last, Math.max(0, step)) : to;
      setRange(event.shiftKey && range ? [from, next] : [next, next]);
    } else if (range && (event.key === "Enter" || event.key === " ")) choose(low, high);
    else if (range && event.key === "Escape") setRange(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  const shown = range ? ([low, high] as const) : pointed === null ? null : ([pointed, pointed] as const);
  const label = shown && rangeLabel(histogram, ...shown);
  return (
    <div className="px-4 pt-3 md:px-5">
      <div
        role="slider"
        tabIndex={0}
        aria-label="Published"
        aria-description="Arrow keys choose a time, with Shift several; Enter filters by it."
        aria-valuemin={0}
        aria-valuemax={last}
        aria-valuenow={range ? range[1] : last}
        aria-valuetext={label ?? rangeLabel(histogram, 0, last)}
        className="touch-pan-y cursor-crosshair outline-offset-2 focus-visible:outline-2 focus-visible:outline-accent"
        onKeyDown={onKeyDown}
        onBlur={() => setRange(null)}
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          setDragging(true);
          setRange([at(event), at(event)]);
        }}
        onPointerMove={(event) => {
          setPointed(at(event));
          if (dragging && range) setRange([range[0], at(event)]);
        }}
        onPointerUp={() => {
          if (dragging && range) choose(low, high);
          setDragging(false);
        }}
        onPointerCancel={() => {
          setDragging(false);
          setRange(null);
        }}
        onPointerLeave={() => setPointed(null)}
      >
        <svg
          className="block h-8 w-full border-b border-rule"
          viewBox={`0 0 ${bins.length} ${HEIGHT}`}
          preserveAspectRatio="none"
          aria-hidden="true"
        >
          {bins.map(({ start, count }, index) => {
            const on = index >= low && index <= high;
            const height = count === 0 ? 0 : Math.max(1.5, (count / most) * HEIGHT);
            return (
              <g key={start} className={cx(on || index === pointed ? "text-accent" : "text-edge")}>
                {on && <rect x={index} width={1} height={HEIGHT} fill="currentColor" opacity={0.15} />}
                <path
                  d={`M${index + 0.5} ${HEIGHT}v${-height}`}
                  stroke="currentColor"
                  strokeWidth={3}
                  vectorEffect="non-scaling-stroke"
                />
              </g>
            );
          })}
        </svg>
      </div>
      <p className="nums flex justify-between gap-3 py-1 text-xs text-muted">
        <span>
          {showDay(firstDay(histogram, 0))}
          {earlier > 0 && !label && ` (${number(earlier)} earlier)`}
        </span>
        <span className={cx("min-w-0 truncate", label ? "text-ink" : "max-sm:hidden")}>
          {label ?? `by ${interval}, drag to choose`}
        </span>
        <span>{showDay(lastDay(histogram, last))}</span>
      </p>
    </div>
  );
}

const firstDay = ({ bins }: Histogram, index: number) => dayOf(new Date(bins[index]?.start ?? 0));

/** The day of the last moment that is in it. */
const lastDay = ({ bins }: Histogram, index: number) =>
  dayOf(new Date(Date.parse(bins[index]?.end ?? "") - 1));

function rangeLabel(histogram: Histogram, from: number, to: number): string {
  const count = histogram.bins.slice(from, to + 1).reduce((sum, bin) => sum + bin.count, 0);
  const [first, last] = [firstDay(histogram, from), lastDay(histogram, to)];
  const hour =
    histogram.interval === "hour" && from === to ? ` ${hourOf(histogram.bins[from]?.start ?? "")}` : "";
  const days = first === last ? showDay(first) : `${showDay(first)} to ${showDay(last)}`;
  return `${days}${hour}: ${plural(count, "document")}`;
}

const hourOf = (moment: string) => `${String(new Date(moment).getHours()).padStart(2, "0")}:00`;

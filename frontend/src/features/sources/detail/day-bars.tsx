import type { SourceHealth } from "@/lib/api-types";
import { number, plural, showDay } from "@/lib/format";

const HEIGHT = 48;
const STEP = 26;
const BAR = 3;
const LABELS = 14;

/** New documents of each day as hairline bars, each with its figure. Drawn as SVG: no style attributes. */
export function DayBars({ days }: { days: SourceHealth["days"] }) {
  const most = Math.max(1, ...days.map(({ count }) => count));
  const sum = days.reduce((total, { count }) => total + count, 0);
  const width = days.length * STEP;
  const first = days[0];
  const last = days.at(-1);
  return (
    <figure>
      <svg
        viewBox={`0 0 ${width} ${HEIGHT + LABELS}`}
        className="h-auto w-full max-w-md"
        role="img"
        aria-label={`${plural(sum, "new document")} in ${days.length} days: ${days
          .map(({ day, count }) => `${showDay(day)} ${count}`)
          .join(", ")}`}
      >
        {days.map(({ day, count }, index) => {
          const height = count === 0 ? 0 : Math.max(2, (count / most) * HEIGHT);
          const x = index * STEP + STEP / 2;
          return (
            <g key={day}>
              <title>{`${showDay(day)}: ${number(count)}`}</title>
              <rect x={index * STEP} width={STEP} height={HEIGHT + LABELS} className="fill-transparent" />
              <rect
                x={x - BAR / 2}
                y={LABELS + HEIGHT - height}
                width={BAR}
                height={height}
                className="fill-accent"
              />
              <text
                x={x}
                y={LABELS + HEIGHT - height - 4}
                textAnchor="middle"
                className={count === 0 ? "fill-muted" : "fill-ink"}
                fontSize={11}
              >
                {number(count)}
              </text>
            </g>
          );
        })}
        <rect y={LABELS + HEIGHT - 0.5} width={width} height={0.5} className="fill-edge" />
      </svg>
      {first && last && (
        <figcaption className="nums flex max-w-md justify-between text-xs text-muted" aria-hidden>
          <span>{showDay(first.day)}</span>
          <span>today</span>
        </figcaption>
      )}
    </figure>
  );
}

import { Minus } from "lucide-react";
import { type MouseEvent, useState } from "react";
import type { FacetCount, QueryPart } from "@/lib/api-types";
import { cx } from "@/lib/cx";
import { number } from "@/lib/format";
import { type Facet, type FilterParams, setFacet } from "@/lib/search-params";
import { FACET_NAMES, facetLabel } from "./filter-words";

const FOLDED = 7;

interface FacetGroupProps {
  facet: Facet;
  values: readonly FacetCount[];
  filters: FilterParams;
  /** Pieces of the query that are filters, of this facet or of others. */
  parts: readonly QueryPart[];
  onFilters: (filters: FilterParams) => void;
  onQuery: ((query: string) => void) | undefined;
}

/** One facet: a value is included by ticking it, excluded by Alt-click or by the minus beside it. */
export function FacetGroup({ facet, values, filters, parts, onFilters, onQuery }: FacetGroupProps) {
  const [open, setOpen] = useState(false);
  const written = parts.filter(({ kind }) => kind === facet);
  const valuesOf = (not: boolean) =>
    written.filter(({ excluded }) => excluded === not).map(({ value }) => value);
  const included = [...new Set([...(filters[facet] ?? []), ...valuesOf(false)])];
  const excluded = [...new Set([...(filters[`-${facet}`] ?? []), ...valuesOf(true)])];
  // What the query says is taken back there.
  const onState = (value: string, want: "in" | "out" | "off") => {
    const part = want === "off" ? written.find((each) => each.value === value) : undefined;
    if (part && onQuery) onQuery(part.without);
    else onFilters(setFacet(filters, facet, value, want));
  };
  const known = new Set(values.map(({ value }) => value));
  const chosen = [...included, ...excluded]
    .filter((value) => !known.has(value))
    .map((value) => ({ value, count: 0 }));
  const all = [...values, ...chosen];
  if (all.length === 0) return null;
  const shown = open ? all : all.slice(0, FOLDED);
  return (
    <fieldset className="min-w-0 border-t border-rule pt-3 pb-4">
      <legend className="eyebrow float-left mb-1.5 w-full">{FACET_NAMES[facet]}</legend>
      <ul className="clear-both">
        {shown.map(({ value, count }) => {
          const state = included.includes(value) ? "in" : excluded.includes(value) ? "out" : "off";
          return (
            <FacetRow
              key={value}
              label={facetLabel(facet, value)}
              depth={facet === "folder" ? value.split("/").length - 1 : 0}
              count={count}
              state={state}
              onState={(want) => onState(value, want)}
            />
          );
        })}
      </ul>
      {all.length > FOLDED && (
        <button
          type="button"
          className="link mt-1 text-xs"
          onClick={() => setOpen(!open)}
          aria-expanded={open}
        >
          {open ? "Show fewer" : `Show all ${all.length}`}
        </button>
      )}
    </fieldset>
  );
}

interface FacetRowProps {
  label: string;
  /** How many folders it lies in; only its own name is shown then. */
  depth: number;
  count: number;
  state: "in" | "out" | "off";
  onState: (state: "in" | "out" | "off") => void;
}

function FacetRow({ label, depth, count, state, onState }: FacetRowProps) {
  const exclude = () => onState(state === "out" ? "off" : "out");
  function onClick(event: MouseEvent) {
    if (!event.altKey) return;
    event.preventDefault();
    exclude();
  }
  return (
    <li className="group flex h-7 items-center gap-1 text-sm pointer-coarse:h-11">
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: Alt-click only repeats what the minus button does. */}
      <label
        className="flex min-w-0 flex-1 items-center gap-2 hover:text-accent"
        onClick={onClick}
        title={label}
      >
        <input
          type="checkbox"
          className="size-3.5 shrink-0 accent-(--accent)"
          style={{ marginLeft: `${Math.min(depth, 4) * 0.75}rem` }}
          checked={state === "in"}
          onChange={() => onState(state === "in" ? "off" : "in")}
        />
        <span className={cx("truncate", state === "out" && "text-muted line-through")}>
          {depth > 0 ? label.split("/").at(-1) : label}
        </span>
      </label>
      <button
        type="button"
        aria-pressed={state === "out"}
        aria-label={`Leave out ${label}`}
        title="Leave out"
        onClick={exclude}
        className={cx(
          "grid h-5 place-items-center overflow-hidden rounded-sm hover:bg-sunken focus-visible:w-5 pointer-coarse:size-9",
          state === "out" ? "w-5 text-failure" : "w-0 text-muted group-hover:w-5",
        )}
      >
        <Minus size={12} aria-hidden />
      </button>
      <span className="nums min-w-6 text-right text-xs text-muted">{number(count)}</span>
    </li>
  );
}

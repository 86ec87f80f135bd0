import { X } from "lucide-react";
import type { QueryPart } from "@/lib/api-types";
import { useCommand } from "@/lib/commands/commands";
import type { FilterParams } from "@/lib/search-params";
import { activeFilters, partLabel } from "./filter-words";

/** The filters that apply now, each with its way out. */
export function FilterChips({
  label = "Active filters",
  filters,
  parts = [],
  onFilters,
  onQuery,
}: {
  label?: string;
  filters: FilterParams;
  /** The pieces of the query that are filters too. */
  parts?: readonly QueryPart[];
  onFilters: (filters: FilterParams) => void;
  onQuery?: (query: string) => void;
}) {
  const chosen = activeFilters(filters).map(({ key, label, without }) => ({
    key,
    label,
    remove: () => onFilters(without),
  }));
  const written = parts.map((part) => ({
    key: `part ${part.kind} ${part.excluded} ${part.value} ${part.without}`,
    label: partLabel(part),
    remove: () => onQuery?.(part.without),
  }));
  const active = [...written, ...chosen];
  useCommand("search.clear", () => onFilters({}), chosen.length > 0);
  if (active.length === 0) return null;
  return (
    <ul className="flex flex-wrap items-center gap-1.5" aria-label={label}>
      {active.map(({ key, label, remove }) => (
        <li key={key}>
          <button
            type="button"
            onClick={remove}
            aria-label={`Remove filter ${label}`}
            className="flex h-7 items-center gap-1.5 rounded border border-rule bg-selected pr-1.5 pl-2.5 text-xs hover:border-accent pointer-coarse:h-9"
          >
            {label}
            <X size={12} aria-hidden />
          </button>
        </li>
      ))}
      {chosen.length > 1 && (
        <li>
          <button type="button" onClick={() => onFilters({})} className="link px-1 text-xs">
            Remove all
          </button>
        </li>
      )}
    </ul>
  );
}

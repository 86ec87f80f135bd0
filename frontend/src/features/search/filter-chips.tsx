import { X } from "lucide-react";
import { useCommand } from "@/lib/commands/commands";
import type { FilterParams } from "@/lib/search-params";
import { activeFilters } from "./filter-words";

/** The filters that apply now, each with its way out. */
export function FilterChips({
  filters,
  onFilters,
}: {
  filters: FilterParams;
  onFilters: (filters: FilterParams) => void;
}) {
  const active = activeFilters(filters);
  useCommand("search.clear", () => onFilters({}), active.length > 0);
  if (active.length === 0) return null;
  return (
    <ul className="flex flex-wrap items-center gap-1.5" aria-label="Active filters">
      {active.map(({ key, label, without }) => (
        <li key={key}>
          <button
            type="button"
            onClick={() => onFilters(without)}
            aria-label={`Remove filter ${label}`}
            className="flex h-7 items-center gap-1.5 rounded border border-rule bg-selected pr-1.5 pl-2.5 text-xs hover:border-accent pointer-coarse:h-9"
          >
            {label}
            <X size={12} aria-hidden />
          </button>
        </li>
      ))}
      {active.length > 1 && (
        <li>
          <button type="button" onClick={() => onFilters({})} className="link px-1 text-xs">
            Remove all
          </button>
        </li>
      )}
    </ul>
  );
}

import type { QueryPart } from "@/lib/api-types";
import { categoryName, dayOf, languageName, showDay, sourceName, typeName } from "@/lib/format";
import { FACETS, type Facet, type FilterParams, setFacet } from "@/lib/search-params";

export const FACET_NAMES: Record<Facet, string> = {
  folder: "Folder",
  tag: "Tag",
  source: "Source",
  category: "Category",
  lang: "Language",
  type: "Type",
};

/** A facet value in words: "de" is "German", "html" is "Web page". */
export function facetLabel(facet: Facet, value: string): string {
  if (facet === "folder" || facet === "tag") return value;
  if (facet === "category") return categoryName(value);
  if (facet === "lang") return languageName(value);
  return facet === "type" ? typeName(value) : sourceName(value);
}

export interface ActiveFilter {
  key: string;
  label: string;
  /** The same filters without this one. */
  without: FilterParams;
}

/** Every filter that narrows the search now, in words, with the way back. */
export function activeFilters(params: FilterParams): ActiveFilter[] {
  const values = FACETS.flatMap((facet) => [
    ...(params[facet] ?? []).map((value) => ({ facet, value, not: "" })),
    ...(params[`-${facet}`] ?? []).map((value) => ({ facet, value, not: "Not " })),
  ]).map(({ facet, value, not }) => ({
    key: `${not}${facet}:${value}`,
    label: `${not}${facetLabel(facet, value)}`,
    without: setFacet(params, facet, value, "off"),
  }));
  const date = dateLabel(params);
  if (date)
    values.push({ key: "date", label: date, without: { ...params, after: undefined, before: undefined } });
  return values;
}

/** A piece of the query that is read as a filter, in words. */
export function partLabel({ kind, value, excluded, after, before }: QueryPart): string {
  const not = excluded ? "Not " : "";
  if (kind === "phrase") return `${not}“${value}”`;
  if (kind !== "date")
    return `${not}${(FACETS as readonly string[]).includes(kind) ? facetLabel(kind as Facet, value) : value}`;
  const first = after && dayOf(new Date(after));
  // The last moment that is still in it.
  const last = before && dayOf(new Date(Date.parse(before) - 1));
  if (value.includes(":"))
    return dateLabel({ ...(first && { after: first }), ...(last && { before: last }) }) ?? value;
  if (first && last) return `${value}: ${first === last ? "" : `${showDay(first)} to `}${showDay(last)}`;
  return first ? `${value}: from ${showDay(first)}` : `${value}: to ${showDay(last ?? "")}`;
}

function dateLabel({ after, before }: FilterParams): string | null {
  if (after && before) return after === before ? showDay(after) : `${showDay(after)} to ${showDay(before)}`;
  if (after) return `Since ${showDay(after)}`;
  return before ? `Until ${showDay(before)}` : null;
}

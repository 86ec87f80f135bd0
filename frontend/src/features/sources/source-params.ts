/** The address bar is the state of the list: /sources?q=harbour&folder=Ports&kind=feed&paused=true */
import type { NewsSource } from "@/lib/api-types";
import { KINDS, type Kind } from "./words";

export const WAYS = ["address", "packs", "opml"] as const;
export type Way = (typeof WAYS)[number];

/** Failing, or silent and drifting: what a person may have to mend. */
export const TROUBLES = { failing: ["failing"], look: ["silent", "drifting"] } as const satisfies Record<
  string,
  readonly NewsSource["status"][]
>;
export type Trouble = keyof typeof TROUBLES;
const hasTrouble = (row: NewsSource, trouble: Trouble) =>
  (TROUBLES[trouble] as readonly string[]).includes(row.status);

export interface SourceFilters {
  q?: string;
  folder?: string;
  kind?: Kind;
  paused?: boolean;
  /** Only those that somebody should look at. */
  trouble?: Trouble;
}

export interface SourcesParams extends SourceFilters {
  /** Which way of adding is open. */
  add?: Way;
  /** The address to look at, filled in for a link or a bookmark. */
  url?: string;
}

const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);

/** Read the address; what cannot be understood is left out rather than refused. */
export function readSourcesParams(raw: Record<string, unknown>): SourcesParams {
  const add = WAYS.find((way) => way === raw.add);
  const kind = KINDS.find((known) => known === raw.kind);
  const paused = { true: true, false: false }[String(raw.paused)];
  const trouble = (["failing", "look"] as const).find((known) => known === raw.trouble);
  const q = text(raw.q);
  const folder = text(raw.folder);
  const url = text(raw.url);
  return {
    ...(q && { q }),
    ...(folder && { folder }),
    ...(kind && { kind }),
    ...(paused !== undefined && { paused }),
    ...(trouble && { trouble }),
    ...(add && { add }),
    ...(add && url && { url }),
  };
}

export const isFiltered = ({ q, folder, kind, paused, trouble }: SourceFilters) =>
  [q, folder, kind, paused, trouble].some((value) => value !== undefined);

/** The sources that fit: every word stands in the title, the address or the folder. */
export function filterSources(rows: readonly NewsSource[], filters: SourceFilters): NewsSource[] {
  const words = (filters.q ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) => {
    const said = `${row.title} ${row.url} ${row.folder ?? ""}`.toLowerCase();
    return (
      words.every((word) => said.includes(word)) &&
      (filters.folder === undefined || row.folder === filters.folder) &&
      (filters.kind === undefined || row.kind === filters.kind) &&
      (filters.paused === undefined || row.paused === filters.paused) &&
      (filters.trouble === undefined || hasTrouble(row, filters.trouble))
    );
  });
}

export interface FolderGroup {
  folder: string | null;
  rows: NewsSource[];
}

/** Sources by folder: folders by name, those in none at the end; inside a folder by title. */
export function groupByFolder(rows: readonly NewsSource[]): FolderGroup[] {
  const groups = new Map<string | null, NewsSource[]>();
  for (const row of rows) groups.set(row.folder, [...(groups.get(row.folder) ?? []), row]);
  const order = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  return [...groups]
    .sort(([a], [b]) => (a === null ? 1 : b === null ? -1 : order.compare(a, b)))
    .map(([folder, members]) => ({
      folder,
      rows: members.sort((a, b) => order.compare(a.title, b.title)),
    }));
}

/** How often each value of a field occurs, under the other filters: what a click on it would show. */
export function countBy<K extends "folder" | "kind" | "paused">(
  rows: readonly NewsSource[],
  filters: SourceFilters,
  field: K,
): Map<NewsSource[K], number> {
  const counts = new Map<NewsSource[K], number>();
  for (const row of filterSources(rows, { ...filters, [field]: undefined })) {
    counts.set(row[field], (counts.get(row[field]) ?? 0) + 1);
  }
  return counts;
}

/** The folders in use, by name. */
export function foldersOf(rows: readonly NewsSource[]): string[] {
  const names = new Set(rows.map((row) => row.folder).filter((folder) => folder !== null));
  return [...names].sort((a, b) => a.localeCompare(b));
}

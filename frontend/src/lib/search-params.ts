/**
 * The address bar is the state of a search. Plain, repeatable names, so that a link can be read, typed and shared:
 * /search?q=harbour+strike&source=a.example&source=b.example&-lang=de&after=2026-11-01
 */
import type { Category, DocumentType, SearchFilters } from "./api-types";
import { dayOf } from "./format";

export type RawSearch = Record<string, string | string[]>;

export function parseSearch(query: string): RawSearch {
  const raw: RawSearch = {};
  for (const [name, value] of new URLSearchParams(query)) {
    const before = raw[name];
    if (before === undefined) raw[name] = value;
    else if (Array.isArray(before)) before.push(value);
    else raw[name] = [before, value];
  }
  return raw;
}

/** Empty values and empty lists leave no trace in the address. */
export function stringifySearch(search: Record<string, unknown>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item !== undefined && item !== null && item !== "") params.append(name, String(item));
    }
  }
  const text = params.toString();
  return text ? `?${text}` : "";
}

export const FACETS = ["folder", "tag", "source", "category", "lang", "type"] as const;
export type Facet = (typeof FACETS)[number];

/** What narrows a search, as it stands in the address. Days are local calendar days, both inclusive. */
export interface FilterParams {
  source?: string[];
  category?: string[];
  lang?: string[];
  type?: string[];
  "-source"?: string[];
  "-category"?: string[];
  "-lang"?: string[];
  "-type"?: string[];
  folder?: string[];
  tag?: string[];
  "-folder"?: string[];
  "-tag"?: string[];
  after?: string;
  before?: string;
}

export interface SearchParams extends FilterParams {
  q?: string;
  sort?: "newest";
  doc?: string;
}

const CATEGORIES: readonly Category[] = [
  "world",
  "politics",
  "business",
  "technology",
  "science",
  "health",
  "environment",
  "sport",
  "culture",
  "society",
  "crime",
  "opinion",
];
const TYPES: readonly string[] = [
  "csv",
  "docx",
  "html",
  "image",
  "markdown",
  "pdf",
  "text",
] satisfies DocumentType[];

function list(value: unknown): string[] | undefined {
  const items = (Array.isArray(value) ? value : [value]).filter(
    (item): item is string => typeof item === "string" && item !== "",
  );
  return items.length > 0 ? [...new Set(items)] : undefined;
}

function one(value: unknown): string | undefined {
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === "string" && first !== "" ? first : undefined;
}

function day(value: unknown): string | undefined {
  const text = one(value);
  return text && /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)) ? text : undefined;
}

const categories = (value: unknown) =>
  list(list(value)?.filter((item) => (CATEGORIES as readonly string[]).includes(item)));
const types = (value: unknown) => list(list(value)?.filter((item) => TYPES.includes(item)));

/** Read the filters of an address; what cannot be understood is left out rather than refused. */
export function readFilters(raw: Record<string, unknown>): FilterParams {
  return dropEmpty({
    source: list(raw.source),
    category: categories(raw.category),
    lang: list(raw.lang),
    type: types(raw.type),
    "-source": list(raw["-source"]),
    "-category": categories(raw["-category"]),
    "-lang": list(raw["-lang"]),
    "-type": types(raw["-type"]),
    folder: list(raw.folder),
    tag: list(raw.tag),
    "-folder": list(raw["-folder"]),
    "-tag": list(raw["-tag"]),
    after: day(raw.after),
    before: day(raw.before),
  });
}

export function readSearch(raw: Record<string, unknown>): SearchParams {
  const sort = one(raw.sort) === "newest" ? ("newest" as const) : undefined;
  return dropEmpty({ q: one(raw.q), ...readFilters(raw), sort, doc: one(raw.doc) });
}

function dropEmpty<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as T;
}

/** Midnight that begins a local day, `offset` days later, as the UTC time the API wants. */
function midnight(value: string, offset: number): string {
  const [year = 0, month = 1, date = 1] = value.split("-").map(Number);
  return new Date(year, month - 1, date + offset).toISOString();
}

/** The filters in the API's terms: [published_after, published_before) covers both named days whole. */
export function toApiFilters(params: FilterParams): SearchFilters {
  return {
    source: params.source ?? [],
    category: (params.category ?? []) as Category[],
    lang: params.lang ?? [],
    type: (params.type ?? []) as DocumentType[],
    not_source: params["-source"] ?? [],
    not_category: (params["-category"] ?? []) as Category[],
    not_lang: params["-lang"] ?? [],
    not_type: (params["-type"] ?? []) as DocumentType[],
    folder: params.folder ?? [],
    not_folder: params["-folder"] ?? [],
    tag: params.tag ?? [],
    not_tag: params["-tag"] ?? [],
    published_after: params.after ? midnight(params.after, 0) : null,
    published_before: params.before ? midnight(params.before, 1) : null,
  };
}

/** The address's terms for filters in the API's; the end of a day that is not whole is taken as that day. */
export function fromApiFilters(filters: SearchFilters): FilterParams {
  const dayAt = (moment: string | null | undefined, early = 0) =>
    moment ? dayOf(new Date(Date.parse(moment) - early)) : undefined;
  return readFilters({
    ...Object.fromEntries(
      FACETS.flatMap((facet) => [
        [facet, filters[facet]],
        [`-${facet}`, filters[`not_${facet}`]],
      ]),
    ),
    after: dayAt(filters.published_after),
    before: dayAt(filters.published_before, 1),
  });
}

/** Add, remove or move one value: `want` says how it should stand afterwards. */
export function setFacet(
  params: FilterParams,
  facet: Facet,
  value: string,
  want: "in" | "out" | "off",
): FilterParams {
  const without = (items?: string[]) => items?.filter((item) => item !== value) ?? [];
  const included = without(params[facet]);
  const excluded = without(params[`-${facet}`]);
  if (want === "in") included.push(value);
  if (want === "out") excluded.push(value);
  return { ...params, [facet]: list(included), [`-${facet}`]: list(excluded) };
}

export function countFilters(params: FilterParams): number {
  const lists = FACETS.flatMap((facet) => [...(params[facet] ?? []), ...(params[`-${facet}`] ?? [])]);
  return lists.length + (params.after || params.before ? 1 : 0);
}

/** A path of this site from an untrusted `next=` value, or "/" for anything that could lead elsewhere. */
export function safeNext(value: string | undefined): string {
  const odd = (letter: string) => letter < " " || letter === "\\";
  if (!value?.startsWith("/") || value.startsWith("//") || [...value].some(odd)) return "/";
  const url = new URL(value, "http://self.invalid");
  return url.host === "self.invalid" ? url.pathname + url.search + url.hash : "/";
}

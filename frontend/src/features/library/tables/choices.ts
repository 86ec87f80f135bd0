/** How a table is to be taken: what the person chose, the words for it, and what was chosen last for the same header. */
import type { TableOptions, TablePreview } from "@/client";

export const ROLES = [
  { role: "title", label: "Title" },
  { role: "text", label: "Text" },
  { role: "date", label: "Date" },
  { role: "url", label: "Web address" },
  { role: "author", label: "Author" },
  { role: "source", label: "Source" },
  { role: "language", label: "Language" },
] as const;
export type Role = (typeof ROLES)[number]["role"];

/** Columns by number, from 1; several texts become paragraphs. */
export type Columns = Record<Exclude<Role, "text">, number | null> & { text: number[] };

export interface Choice {
  mode: "sheet" | "rows";
  columns: Columns;
  has_header: boolean;
  delimiter: string;
  encoding: string;
  day_first: boolean;
}

export const DELIMITERS: Record<string, string> = {
  ",": "Comma",
  ";": "Semicolon",
  "\t": "Tab",
  "|": "Bar",
};
export const ENCODINGS: Record<string, string> = {
  "utf-8": "Unicode (UTF-8)",
  "utf-16": "Unicode (UTF-16)",
  cp1252: "Western European (Windows)",
  cp1250: "Central European (Windows)",
  cp1251: "Cyrillic (Windows)",
  cp1253: "Greek (Windows)",
  cp1254: "Turkish (Windows)",
  "iso8859-15": "Western European (ISO)",
  "mac-roman": "Western European (Mac)",
  cp437: "DOS",
  shift_jis: "Japanese (Shift JIS)",
  "euc-jp": "Japanese (EUC)",
  gb18030: "Chinese (GB18030)",
  big5: "Chinese (Big5)",
  "euc-kr": "Korean",
};

const KEY = "tidings.tables";
const REMEMBERED = 20;
type Kept = Pick<Choice, "mode" | "columns" | "day_first">;

/** The choice that a preview stands for. */
export const choiceOf = ({ mode, options }: TablePreview): Choice => ({ mode, ...options });

/** A choice as the server takes it. An encoding that was found, and cannot be chosen, is found again. */
export function optionsOf(choice: Choice): TableOptions {
  if (choice.mode === "sheet") return { mode: "sheet" };
  const { delimiter, encoding, columns, ...rest } = choice;
  return {
    ...rest,
    ...(columns.text.length > 0 && { columns }),
    ...(delimiter in DELIMITERS && { delimiter: delimiter as "," }),
    ...(encoding in ENCODINGS && { encoding: encoding as "utf-8" }),
  };
}

/** What two tables have in common that are taken alike; null for a table whose columns have no names. */
export const headerOf = (preview: TablePreview): string | null =>
  preview.options.has_header ? preview.columns.map((column) => column.name).join("\n") : null;

function kept(): [string, Kept][] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(stored) ? (stored as [string, Kept][]) : [];
  } catch {
    return [];
  }
}

/** What was chosen last for a table with this header. */
export function remembered(preview: TablePreview): Kept | null {
  const header = headerOf(preview);
  return kept().find(([known]) => known === header)?.[1] ?? null;
}

export function remember(preview: TablePreview, { mode, columns, day_first }: Choice): void {
  const header = headerOf(preview);
  if (header === null) return;
  const others = kept().filter(([known]) => known !== header);
  try {
    localStorage.setItem(
      KEY,
      JSON.stringify([[header, { mode, columns, day_first }], ...others].slice(0, REMEMBERED)),
    );
  } catch {
    // Storage may be blocked; then nothing is remembered.
  }
}

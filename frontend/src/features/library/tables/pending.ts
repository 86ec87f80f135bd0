/** Tables that were dropped or chosen and wait for a word on how to take them, the oldest first. */
import { useSyncExternalStore } from "react";
import { type TableOptions, type TablePreview, tablesPreview } from "@/client";
import type { FoundFile } from "../folder-files";
import { addFiles } from "../uploads";
import { type Choice, choiceOf, headerOf, optionsOf, remembered } from "./choices";

const TABLE = /\.(csv|tsv|tab)$/i;
const listeners = new Set<() => void>();
let pending: readonly FoundFile[] = [];

function publish(next: readonly FoundFile[]): void {
  pending = next;
  for (const listener of listeners) listener();
}

export function usePendingTables(): readonly FoundFile[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => pending,
  );
}

/** Take files in: tables wait for a choice, everything else is sent at once. Returns how many were sent. */
export function offerFiles(files: Iterable<FoundFile>): number {
  const all = [...files];
  const others = all.filter(({ file }) => !TABLE.test(file.name));
  addFiles(others);
  publish([...pending, ...all.filter(({ file }) => TABLE.test(file.name))]);
  return others.length;
}

export function skipTable(table: FoundFile): void {
  publish(pending.filter((other) => other !== table));
}

export async function previewTable(
  file: File,
  options: TableOptions | null,
  signal?: AbortSignal,
): Promise<TablePreview> {
  const body = { file, ...(options && { options: JSON.stringify(options) }) };
  return (await tablesPreview({ body, ...(signal && { signal }) })).data;
}

/** The first look at a table: with what was chosen last for its header, else with what is likely. */
export async function firstLook(file: File, signal: AbortSignal): Promise<[TablePreview, Choice]> {
  const likely = await previewTable(file, null, signal);
  const before = remembered(likely);
  if (!before) return [likely, choiceOf(likely)];
  const choice = { ...choiceOf(likely), ...before };
  if (choice.mode === "sheet" || choice.columns.text.length === 0) return [likely, choice];
  return [await previewTable(file, optionsOf(choice), signal), choice];
}

/** Send a table as chosen. */
export function addTable(table: FoundFile, choice: Choice): void {
  skipTable(table);
  addFiles([table], optionsOf(choice));
}

/** Take the other waiting tables that have the same header in the same way; the rest keeps waiting. */
export async function addAlike(preview: TablePreview, choice: Choice): Promise<void> {
  for (const table of pending) {
    const other = await previewTable(table.file, null).catch(() => null);
    if (other === null || headerOf(other) === null || headerOf(other) !== headerOf(preview)) continue;
    const { delimiter, encoding } = other.options;
    addTable(table, { ...choice, delimiter, encoding });
  }
}

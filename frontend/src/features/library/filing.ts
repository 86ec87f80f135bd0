/** Where what is added goes: a folder and tags, chosen once for all that follows, and the folders and tags there are. */
import { queryOptions } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { foldersList, tagsList } from "@/client";

export interface Filing {
  folder: string;
  tags: string[];
}

const listeners = new Set<() => void>();
let filing: Filing = { folder: "", tags: [] };

export const currentFiling = () => filing;

export function chooseFiling(change: Partial<Filing>): void {
  filing = { ...filing, ...change };
  for (const listener of listeners) listener();
}

export function useFiling(): Filing {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, currentFiling);
}

/** Tags as people type them, with commas between. */
export const splitTags = (text: string) => [
  ...new Set(
    text
      .split(",")
      .map((tag) => tag.trim().toLowerCase())
      .filter(Boolean),
  ),
];

export const foldersQuery = queryOptions({
  queryKey: ["folders"],
  queryFn: async ({ signal }) => (await foldersList({ signal })).data.data,
});

export const tagsQuery = queryOptions({
  queryKey: ["tags"],
  queryFn: async ({ signal }) => (await tagsList({ signal })).data.data,
});

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { opmlExport, opmlImport, sourcePacksAdd, sourcesChange, sourcesDelete, sourcesRun } from "@/client";
import { refreshLists } from "@/features/documents/queries";
import { announce } from "@/lib/announce";
import type { Imported, NewsSource } from "@/lib/api-types";
import { plural } from "@/lib/format";
import { expectChange, markRemoved, refreshSource, showSource } from "./queries";
import type { Category } from "./words";

export interface SourceChanges {
  title?: string;
  folder?: string | null;
  category?: Category | null;
  paused?: boolean;
  licence_note?: string | null;
}

export function useChangeSource(source: NewsSource, onDone?: () => void) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async (body: SourceChanges) =>
      (await sourcesChange({ path: { source_id: source.id }, body })).data,
    onSuccess: (changed, { paused }) => {
      showSource(queryClient, changed);
      refreshSource(queryClient, source.id);
      if (paused !== undefined) announce(`${changed.title} ${paused ? "is paused" : "goes on"}`);
      onDone?.();
    },
  });
}

export function useRunSource(source: NewsSource) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async () => (await sourcesRun({ path: { source_id: source.id } })).data,
    onSuccess: () => {
      expectChange();
      announce(`${source.title} is visited now`);
      showSource(queryClient, {
        ...source,
        status: "running",
        status_detail: "Asked for; it begins in a moment.",
      });
      setTimeout(() => refreshSource(queryClient, source.id), 1_000);
    },
  });
}

export function useRemoveSource(source: NewsSource, onRemoved?: () => void) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ documents }: { documents: boolean }) =>
      sourcesDelete({ path: { source_id: source.id }, query: { documents } }),
    onMutate: () => {
      markRemoved(source.id);
      return queryClient.cancelQueries({ queryKey: ["source", source.id] });
    },
    onError: () => markRemoved(source.id, false),
    onSuccess: (_, { documents }) => {
      announce(`${source.title} removed`);
      if (documents) refreshLists(queryClient);
      onRemoved?.();
      queryClient.removeQueries({ queryKey: ["source", source.id] });
      void queryClient.invalidateQueries({ queryKey: ["sources"] });
    },
  });
}

/** Everything that can be done with one source, and what went wrong with the latest of it. */
export function useSourceActions(source: NewsSource, onRemoved?: () => void) {
  const change = useChangeSource(source);
  const run = useRunSource(source);
  const remove = useRemoveSource(source, onRemoved);
  const running = source.status === "running" || run.isPending;
  return {
    running,
    changing: change.isPending,
    run: () => {
      if (!running) run.mutate();
    },
    pause: () => change.mutate({ paused: !source.paused }),
    remove: remove.mutate,
    error: change.error ?? run.error ?? remove.error,
  };
}

export type SourceActs = ReturnType<typeof useSourceActions>;

/** Read an OPML file and add its feeds. */
export function useOpmlImport() {
  return useImport(async (file: File) => (await opmlImport({ body: { opml: await file.text() } })).data);
}

/** Add every feed of a starter pack. */
export function useAddPack() {
  return useImport(async (name: string) => (await sourcePacksAdd({ path: { name } })).data);
}

function useImport<T>(run: (given: T) => Promise<Imported>) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: run,
    onSuccess: ({ added, refused }) => {
      expectChange();
      refreshSource(queryClient);
      announce(
        `${plural(added.length, "source")} added${refused.length > 0 ? `, ${refused.length} refused` : ""}`,
      );
    },
  });
}

/** Hand the browser all feeds as a file. */
export function useOpmlExport() {
  return useMutation({
    mutationFn: async () => {
      const { data } = await opmlExport({ parseAs: "text" });
      const address = URL.createObjectURL(new Blob([String(data)], { type: "text/x-opml" }));
      const link = document.createElement("a");
      link.href = address;
      link.download = "tidings.opml";
      link.click();
      setTimeout(() => URL.revokeObjectURL(address), 10_000);
    },
  });
}

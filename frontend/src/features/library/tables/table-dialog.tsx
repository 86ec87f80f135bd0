import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import type { TablePreview } from "@/client";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Problem, Skeleton } from "@/components/ui/states";
import { bytes, plural } from "@/lib/format";
import type { FoundFile } from "../folder-files";
import { type Choice, optionsOf, remember } from "./choices";
import { ColumnChoice, FileChoice, ModeChoice } from "./column-choice";
import { addAlike, addTable, firstLook, previewTable, skipTable, usePendingTables } from "./pending";
import { FirstDocuments, SampleTable, Warnings } from "./table-preview";

/** Asks of each table that was dropped or chosen how to take it, one after the other. */
export function TableDialog() {
  const [table, ...others] = usePendingTables();
  if (!table) return null;
  const { folder, file } = table;
  return (
    <OneTable
      key={`${folder}/${file.name}-${file.size}-${file.lastModified}`}
      table={table}
      others={others.length}
    />
  );
}

function OneTable({ table, others }: { table: FoundFile; others: number }) {
  const { file } = table;
  const [choice, setChoice] = useState<Choice | null>(null);
  const [preview, setPreview] = useState<TablePreview | null>(null);
  const [alike, setAlike] = useState(true);
  const action = useRef<HTMLButtonElement>(null);
  const looked = choice?.mode === "rows" ? JSON.stringify(optionsOf(choice)) : null;
  const look = useQuery({
    queryKey: ["table-preview", file.name, file.size, file.lastModified, looked],
    queryFn: async ({ signal }) => {
      if (choice) return [await previewTable(file, optionsOf(choice), signal), choice] as const;
      return firstLook(file, signal);
    },
    enabled: choice === null || choice.mode === "rows",
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    retry: false,
  });
  useEffect(() => {
    if (!look.data) return;
    const [found, chosen] = look.data;
    setPreview(found);
    setChoice((now) => now ?? chosen);
  }, [look.data]);

  const byRows = choice?.mode === "rows";
  const ready =
    choice !== null && preview !== null && (!byRows || (choice.columns.text.length > 0 && !look.error));
  function add() {
    if (!choice || !preview) return;
    remember(preview, choice);
    addTable(table, choice);
    if (others > 0 && alike) void addAlike(preview, choice);
  }
  const count = preview?.row_count ?? 0;
  const left = preview?.warnings.find(({ code }) => code === "no_text")?.count ?? 0;
  return (
    <Dialog
      open
      onOpenChange={() => skipTable(table)}
      title={`Add ${file.name}`}
      description={
        preview
          ? `${bytes(file.size)} · ${rowsIn(preview)} · ${plural(preview.column_count, "column")}`
          : bytes(file.size)
      }
      wide
      initialFocus={action}
      footer={
        <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
          <Button ref={action} look="primary" disabled={!ready || look.isFetching} onClick={add}>
            {byRows ? `Add as ${plural(count - left, "document")}` : "Add as one document"}
          </Button>
          <Button look="quiet" onClick={() => skipTable(table)}>
            Do not add it
          </Button>
          {others > 0 && (
            <label className="flex items-center gap-2 text-sm">
              <input type="checkbox" checked={alike} onChange={(event) => setAlike(event.target.checked)} />
              Also {plural(others, "other table")}, where the header is the same
            </label>
          )}
        </div>
      }
    >
      {look.error && <Problem error={look.error} onRetry={() => void look.refetch()} className="mb-4" />}
      {!preview && !look.error && <Skeleton lines={8} />}
      {look.error && !preview && (
        <Button className="mt-1" onClick={() => addTable(table, SHEET)}>
          Add it without a preview, as one document
        </Button>
      )}
      {preview && choice && (
        <div className="space-y-5" aria-busy={look.isFetching}>
          <ModeChoice mode={choice.mode} count={count} onChange={(mode) => setChoice({ ...choice, mode })} />
          {byRows && <ColumnChoice preview={preview} choice={choice} onChange={setChoice} />}
          {byRows && <Warnings preview={preview} />}
          <SampleTable preview={preview} choice={byRows ? choice : null} />
          {byRows && <FirstDocuments preview={preview} />}
          {byRows && <FileChoice choice={choice} onChange={setChoice} />}
        </div>
      )}
    </Dialog>
  );
}

const SHEET: Choice = {
  mode: "sheet",
  columns: { title: null, text: [], date: null, url: null, author: null, source: null, language: null },
  has_header: true,
  delimiter: ",",
  encoding: "utf-8",
  day_first: true,
};

const rowsIn = ({ row_count, is_complete, problem }: TablePreview) =>
  is_complete || problem ? plural(row_count, "row") : `more than ${plural(row_count, "row")}`;

import {
  Archive,
  ArchiveRestore,
  CircleStop,
  FolderInput,
  Pause,
  Play,
  RotateCw,
  Tag,
  Trash2,
} from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Confirm } from "@/components/ui/confirm";
import { Menu, MenuItem } from "@/components/ui/menu";
import { Problem } from "@/components/ui/states";
import type { TidingsDocument } from "@/lib/api-types";
import { number, plural } from "@/lib/format";
import { FileDialog } from "./file-dialog";
import { type LibraryParams, toSelection } from "./library-params";
import { countSelected, type Selection } from "./selection";
import { type Order, refusals, useActions } from "./use-actions";

interface SelectionBarProps {
  selection: Selection;
  rows: readonly TidingsDocument[];
  /** How many documents the filter finds. */
  total: number;
  params: LibraryParams;
}

/** What can be done with the chosen rows at once, and how it went. */
export function SelectionBar({ selection, rows, total, params }: SelectionBarProps) {
  const [asking, setAsking] = useState(false);
  const [withRows, setWithRows] = useState(true);
  const [filing, setFiling] = useState<"move" | "tag" | null>(null);
  const { ids, everything } = selection;
  const filter = { ...toSelection(params), seen_before: everything?.at ?? null };
  const actions = useActions(everything ? { filter } : { ids: [...ids] });
  const count = countSelected(selection);
  const run = (...orders: Order[]) => {
    if (orders.length > 0) actions.mutate(orders, { onSuccess: selection.clear });
  };
  const chosen = everything ? rows : rows.filter((row) => ids.has(row.id));
  const hasTables = chosen.some((row) => (row.rows?.added ?? 0) > 0);
  const tags = [...new Set(chosen.flatMap((row) => row.tags))].sort();
  const what = plural(count, "document");
  return (
    <>
      {count > 0 && (
        <section
          aria-label="Selected documents"
          className="layer sticky top-2 z-30 my-2 flex flex-wrap items-center gap-x-2 gap-y-1 px-3 py-2"
        >
          <p className="nums mr-auto text-sm font-medium">
            {number(count)} selected{" "}
            {!everything && total > count && (
              <button
                type="button"
                className="link ml-2 font-normal"
                onClick={() => selection.chooseEverything(total)}
              >
                Select all {number(total)}
              </button>
            )}
          </p>
          <Button size="small" look="quiet" onClick={() => setFiling("move")} disabled={actions.isPending}>
            <FolderInput size={15} aria-hidden />
            Move
          </Button>
          <Button size="small" look="quiet" onClick={() => setFiling("tag")} disabled={actions.isPending}>
            <Tag size={15} aria-hidden />
            Tag
          </Button>
          <Button size="small" look="quiet" onClick={() => setAsking(true)} disabled={actions.isPending}>
            <Trash2 size={15} aria-hidden />
            Delete
          </Button>
          <Menu label="More for the selected documents">
            <MenuItem icon={<RotateCw size={15} />} onClick={() => run({ action: "retry" })}>
              Read again
            </MenuItem>
            <MenuItem icon={<Pause size={15} />} onClick={() => run({ action: "pause" })}>
              Pause reading
            </MenuItem>
            <MenuItem icon={<Play size={15} />} onClick={() => run({ action: "resume" })}>
              Resume reading
            </MenuItem>
            <MenuItem icon={<CircleStop size={15} />} onClick={() => run({ action: "cancel" })}>
              Cancel reading
            </MenuItem>
            <MenuItem icon={<Archive size={15} />} onClick={() => run({ action: "archive" })}>
              Archive
            </MenuItem>
            <MenuItem icon={<ArchiveRestore size={15} />} onClick={() => run({ action: "restore" })}>
              Restore from the archive
            </MenuItem>
          </Menu>
          <Button size="small" look="quiet" onClick={selection.clear}>
            Clear
          </Button>
        </section>
      )}
      {actions.error && <Problem error={actions.error} className="my-3" />}
      {actions.data && <Refused outcomes={actions.data} rows={rows} onDismiss={actions.reset} />}
      <FileDialog
        kind={filing}
        count={count}
        tags={tags}
        onClose={() => setFiling(null)}
        onOrders={(orders) => run(...orders)}
      />
      <Confirm
        open={asking}
        onOpenChange={setAsking}
        title={`Delete ${what}?`}
        consequence={`${count === 1 ? "It disappears" : `All ${number(count)} disappear`} at once, with every earlier answer that quotes ${count === 1 ? "it" : "one of them"}. This cannot be undone.`}
        action={`Delete ${what}`}
        onConfirm={() => run({ action: "delete", rows: hasTables && withRows })}
      >
        {hasTables && (
          <label className="mt-3 flex items-center gap-2 text-sm">
            <input
              type="checkbox"
              checked={withRows}
              onChange={(event) => setWithRows(event.target.checked)}
            />
            And the documents that came from the rows of tables
          </label>
        )}
      </Confirm>
    </>
  );
}

const SHOWN = 5;

interface RefusedProps {
  outcomes: NonNullable<ReturnType<typeof useActions>["data"]>;
  rows: readonly TidingsDocument[];
  onDismiss: () => void;
}

function Refused({ outcomes, rows, onDismiss }: RefusedProps) {
  const refused = refusals(outcomes);
  if (refused.length === 0) return null;
  const titleOf = (id: string) => rows.find((row) => row.id === id)?.title ?? id;
  return (
    <div role="alert" className="my-3 border-l-2 border-warning bg-warning-soft px-4 py-2 text-sm">
      <p className="flex items-baseline gap-3 font-medium">
        <span className="flex-1">
          {number(outcomes.length - refused.length)} done, {number(refused.length)} not
        </span>
        <button type="button" className="link font-normal" onClick={onDismiss}>
          Dismiss
        </button>
      </p>
      <ul className="mt-1">
        {refused.slice(0, SHOWN).map(({ id, error }) => (
          <li key={id}>
            {titleOf(id)}: {error?.detail}
          </li>
        ))}
      </ul>
      {refused.length > SHOWN && <p>and {number(refused.length - SHOWN)} more</p>}
    </div>
  );
}

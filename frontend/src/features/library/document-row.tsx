import { Link } from "@tanstack/react-router";
import { ChevronDown, Folder, Trash2 } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Problem } from "@/components/ui/states";
import { Time } from "@/components/ui/time";
import { DeleteConfirm } from "@/features/documents/delete-confirm";
import { useDeleteDocument } from "@/features/documents/queries";
import { LIST_ROW } from "@/features/shell/use-list-keys";
import type { TidingsDocument } from "@/lib/api-types";
import { cx } from "@/lib/cx";
import { bytes, number, originOf, typeName } from "@/lib/format";
import { PasswordForm } from "./password-form";
import { ReadSoFar } from "./read-so-far";
import { StageLine } from "./stage-line";
import { isUnderWay, needsPassword, useSteering } from "./steer-buttons";
import { Steps } from "./steps";
import { RowsProgress } from "./tables/rows-progress";

interface DocumentRowProps {
  document: TidingsDocument;
  selected: boolean;
  onSelect: (range: boolean) => void;
}

/** One stored document: title, where it came from and lies, and its state when that is not simply "ready". */
export function DocumentRow({ document, selected, onSelect }: DocumentRowProps) {
  const [asking, setAsking] = useState(false);
  const [open, setOpen] = useState(false);
  const remove = useDeleteDocument(document.id);
  const { buttons, problem } = useSteering(document);
  const { title } = document;
  // On a phone there is room for two buttons beside the title: those that hold or stop it come first.
  const crowded = isUnderWay(document) || document.status === "paused";
  if (document.status === "deleting" || remove.isSuccess) return null;
  return (
    <li
      className={cx(
        "group relative border-b border-rule py-2.5 hover:bg-sunken has-[a:focus-visible]:outline-2 has-[a:focus-visible]:outline-accent",
        selected && "bg-selected",
      )}
    >
      <div className="flex items-start gap-3">
        <label className="relative z-10 -my-2 -mr-2 -ml-1 grid place-items-center self-start p-2 pt-3.5 pointer-coarse:p-3.5">
          <input
            type="checkbox"
            className="size-4 accent-(--accent)"
            aria-label={`Select ${title}`}
            checked={selected}
            onChange={({ nativeEvent }) => onSelect((nativeEvent as MouseEvent).shiftKey ?? false)}
          />
        </label>
        <div className="min-w-0 flex-1">
          <Link
            to="/documents/$documentId"
            params={{ documentId: document.id }}
            className="block font-serif leading-snug font-semibold outline-none after:absolute after:inset-0"
            {...LIST_ROW}
          >
            {title}
          </Link>
          <Facts document={document} />
          {document.rows && (
            <div className="mt-1.5">
              <RowsProgress rows={document.rows} status={document.status} />
            </div>
          )}
          <State document={document} />
          {open && <Steps document={document} />}
          {problem}
          {remove.error && <Problem error={remove.error} className="relative z-10 mt-2" />}
        </div>
        <div className="relative z-10 flex shrink-0">
          {buttons}
          {document.stages.length > 0 && (
            <Button
              look="quiet"
              size="icon"
              aria-expanded={open}
              aria-label={`How ${title} was read`}
              title="How it was read"
              onClick={() => setOpen(!open)}
              className={cx(!open && HIDDEN, crowded && "max-md:hidden")}
            >
              <ChevronDown size={15} className={cx("transition-transform", open && "rotate-180")} />
            </Button>
          )}
          <Button
            look="quiet"
            size="icon"
            aria-label={`Delete ${title}`}
            title="Delete"
            onClick={() => setAsking(true)}
            className={cx(HIDDEN, crowded && "max-md:hidden")}
          >
            <Trash2 size={15} />
          </Button>
        </div>
      </div>
      <DeleteConfirm
        document={document}
        open={asking}
        onOpenChange={setAsking}
        onDelete={(withRows) => remove.mutate(withRows)}
      />
    </li>
  );
}

const HIDDEN =
  "opacity-0 group-hover:opacity-100 group-focus-within:opacity-100 focus-visible:opacity-100 pointer-coarse:opacity-100";

function Facts({ document }: { document: TidingsDocument }) {
  const { folder, tags } = document;
  return (
    <p className="mt-0.5 flex flex-wrap gap-x-2.5 text-xs text-muted">
      <span className="font-medium">{originOf(document)}</span>
      <span>
        {document.row_number === null
          ? typeName(document.type)
          : `Row ${number(document.row_number)} of a table`}
      </span>
      {document.quality_reasons.includes("misnamed") && (
        <span className="text-warning">though named .{document.filename?.split(".").pop()}</span>
      )}
      <span className="nums">{bytes(document.byte_count)}</span>
      <span>
        added <Time at={document.first_seen_at} label="First seen" />
      </span>
      {folder && (
        <span className="inline-flex items-center gap-1">
          <Folder size={12} aria-label="in folder" />
          {folder}
        </span>
      )}
      {tags.map((tag) => (
        <span key={tag} className="rounded-sm bg-sunken px-1.5 text-ink">
          {tag}
        </span>
      ))}
    </p>
  );
}

function State({ document }: { document: TidingsDocument }) {
  const { status, stage, stages, error } = document;
  if (isUnderWay(document)) {
    if (document.rows) return null;
    return (
      <div className="mt-1.5">
        <StageLine stage={stage} stages={stages} />
        <ReadSoFar document={document} />
      </div>
    );
  }
  if (status === "paused") {
    const onward = document.rows ? "adding rows" : "reading";
    return (
      <>
        <p className="mt-1 text-xs text-warning">Paused. Resume it, and {onward} goes on.</p>
        <ReadSoFar document={document} />
      </>
    );
  }
  if (status === "cancelled") {
    const rest = document.rows
      ? "The rows added so far stay; try again to add the rest."
      : "It cannot be found until it is read again.";
    return <p className="mt-1 text-xs text-muted">Cancelled. {rest}</p>;
  }
  if (status === "archived") {
    return <p className="mt-1 text-xs text-muted">Archived: kept, and out of search until it is restored.</p>;
  }
  if (status !== "failed") return null;
  return (
    <>
      <p className="mt-1 text-xs text-failure">{error?.detail ?? "It could not be read."}</p>
      {needsPassword(document) && <PasswordForm document={document} />}
    </>
  );
}

import { type FormEvent, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { plural } from "@/lib/format";
import { splitTags } from "./filing";
import { FolderField, TagsField } from "./filing-fields";
import type { Order } from "./use-actions";

interface FileDialogProps {
  kind: "move" | "tag" | null;
  count: number;
  /** Tags that some of them have. */
  tags: readonly string[];
  onClose: () => void;
  onOrders: (orders: Order[]) => void;
}

/** Asks for the folder to move documents to, or for tags to give and to take away. */
export function FileDialog({ kind, count, tags, onClose, onOrders }: FileDialogProps) {
  const done = (orders: Order[]) => {
    onOrders(orders);
    onClose();
  };
  const what = plural(count, "document");
  return (
    <Dialog
      open={kind !== null}
      onOpenChange={onClose}
      title={kind === "move" ? `Move ${what}` : `Tag ${what}`}
      description={
        kind === "move"
          ? "A folder is there as long as a document is in it. Slashes make folders in folders."
          : "A document can have up to twenty tags. Write commas between them."
      }
    >
      {kind === "move" ? <MoveForm onDone={done} /> : <TagForm tags={tags} onDone={done} />}
    </Dialog>
  );
}

function MoveForm({ onDone }: { onDone: (orders: Order[]) => void }) {
  const [folder, setFolder] = useState("");
  function submit(event: FormEvent) {
    event.preventDefault();
    onDone([{ action: "move", folder }]);
  }
  return (
    <form onSubmit={submit} className="space-y-4">
      <FolderField label="Folder" value={folder} onChange={setFolder} />
      <Button type="submit" look="primary">
        {folder.trim() ? "Move" : "Take out of their folders"}
      </Button>
    </form>
  );
}

function TagForm({ tags, onDone }: { tags: readonly string[]; onDone: (orders: Order[]) => void }) {
  const [added, setAdded] = useState("");
  const [gone, setGone] = useState<readonly string[]>([]);
  function submit(event: FormEvent) {
    event.preventDefault();
    const more = splitTags(added);
    const orders: Order[] = [];
    if (gone.length > 0) orders.push({ action: "untag", tags: [...gone] });
    if (more.length > 0) orders.push({ action: "tag", tags: more });
    onDone(orders);
  }
  return (
    <form onSubmit={submit} className="space-y-4">
      <TagsField label="Add" value={added} onChange={setAdded} />
      {tags.length > 0 && (
        <fieldset>
          <legend className="mb-1 text-sm text-muted">Take away</legend>
          <div className="flex flex-wrap gap-x-4 gap-y-1">
            {tags.map((tag) => (
              <label key={tag} className="flex items-center gap-1.5 py-1 text-sm">
                <input
                  type="checkbox"
                  className="size-4 accent-(--accent)"
                  checked={gone.includes(tag)}
                  onChange={({ target }) =>
                    setGone(target.checked ? [...gone, tag] : gone.filter((other) => other !== tag))
                  }
                />
                {tag}
              </label>
            ))}
          </div>
        </fieldset>
      )}
      <Button type="submit" look="primary" disabled={splitTags(added).length + gone.length === 0}>
        Change tags
      </Button>
    </form>
  );
}

import { useState } from "react";
import { Confirm } from "@/components/ui/confirm";
import type { TidingsDocument } from "@/lib/api-types";
import { plural } from "@/lib/format";

interface DeleteConfirmProps {
  document: TidingsDocument;
  open: boolean;
  onOpenChange: (open: boolean) => void;
  onDelete: (withRows: boolean) => void;
}

/** Asks before a document is deleted; of a table, whether its rows go too. */
export function DeleteConfirm({ document, open, onOpenChange, onDelete }: DeleteConfirmProps) {
  const [withRows, setWithRows] = useState(true);
  const added = document.rows?.added ?? 0;
  return (
    <Confirm
      open={open}
      onOpenChange={onOpenChange}
      title="Delete this document?"
      consequence={`“${document.title}” disappears at once, with every earlier answer that quotes it. This cannot be undone.`}
      action="Delete"
      onConfirm={() => onDelete(added > 0 && withRows)}
    >
      {added > 0 && (
        <label className="mt-3 flex items-center gap-2 text-sm">
          <input type="checkbox" checked={withRows} onChange={(event) => setWithRows(event.target.checked)} />
          And the {plural(added, "document")} that came from its rows
        </label>
      )}
    </Confirm>
  );
}

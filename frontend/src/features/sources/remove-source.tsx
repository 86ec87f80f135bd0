import { useState } from "react";
import { Confirm } from "@/components/ui/confirm";
import type { NewsSource } from "@/lib/api-types";
import { plural } from "@/lib/format";

interface RemoveSourceProps {
  source: NewsSource;
  open: boolean;
  onOpenChange: (open: boolean) => void;
  onRemove: (choice: { documents: boolean }) => void;
}

/** Asks before a source goes. Its documents stay unless that is ticked. */
export function RemoveSource({ source, open, onOpenChange, onRemove }: RemoveSourceProps) {
  const [documents, setDocuments] = useState(false);
  const count = source.document_count;
  return (
    <Confirm
      open={open}
      onOpenChange={(next) => {
        setDocuments(false);
        onOpenChange(next);
      }}
      title={`Remove “${source.title}”?`}
      consequence={`It is not visited any more, and its log goes.${
        count > 0 && !documents
          ? ` The ${plural(count, "document")} it brought ${count === 1 ? "stays" : "stay"}.`
          : ""
      }`}
      action={documents ? "Remove with documents" : "Remove"}
      onConfirm={() => onRemove({ documents })}
    >
      {count > 0 && (
        <label className="mt-4 flex items-start gap-2 text-sm pointer-coarse:min-h-11">
          <input
            type="checkbox"
            className="mt-0.5 size-4 accent-(--accent)"
            checked={documents}
            onChange={(event) => setDocuments(event.target.checked)}
          />
          <span>
            Delete the {plural(count, "document")} it brought, too
            <span className="block text-muted">
              With every earlier answer that quotes them. This cannot be undone.
            </span>
          </span>
        </label>
      )}
    </Confirm>
  );
}

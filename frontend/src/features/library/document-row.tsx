import { Link } from "@tanstack/react-router";
import { RotateCw, Trash2 } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Confirm } from "@/components/ui/confirm";
import { Problem } from "@/components/ui/states";
import { Time } from "@/components/ui/time";
import { useDeleteDocument, useRetryDocument } from "@/features/documents/queries";
import { LIST_ROW } from "@/features/shell/use-list-keys";
import type { TidingsDocument } from "@/lib/api-types";
import { bytes, originOf, typeName } from "@/lib/format";
import { StageLine } from "./stage-line";

/** One stored document: title, where it came from, and its state when that is not simply "ready". */
export function DocumentRow({ document }: { document: TidingsDocument }) {
  const [asking, setAsking] = useState(false);
  const remove = useDeleteDocument(document.id);
  const retry = useRetryDocument(document.id);
  const error = remove.error ?? retry.error;
  if (document.status === "deleting" || remove.isSuccess) return null;
  const working = document.status === "queued" || document.status === "processing";
  return (
    <li className="group relative border-b border-rule py-2.5 hover:bg-sunken has-[a:focus-visible]:outline-2 has-[a:focus-visible]:outline-accent">
      <div className="flex items-start gap-3">
        <div className="min-w-0 flex-1">
          <Link
            to="/documents/$documentId"
            params={{ documentId: document.id }}
            className="block font-serif leading-snug font-semibold outline-none after:absolute after:inset-0"
            {...LIST_ROW}
          >
            {document.title}
          </Link>
          <p className="mt-0.5 flex flex-wrap gap-x-2.5 text-xs text-muted">
            <span className="font-medium">{originOf(document)}</span>
            <span>{typeName(document.type)}</span>
            <span className="nums">{bytes(document.byte_count)}</span>
            <span>
              added <Time at={document.first_seen_at} label="First seen" />
            </span>
          </p>
          {working && (
            <div className="mt-1.5">
              <StageLine stage={document.stage} />
            </div>
          )}
          {document.status === "failed" && (
            <p className="mt-1 text-xs text-failure">{document.error?.detail ?? "It could not be read."}</p>
          )}
          {error && <Problem error={error} className="relative z-10 mt-2" />}
        </div>
        <div className="relative z-10 flex shrink-0">
          {document.status === "failed" && (
            <Button
              look="quiet"
              size="icon"
              aria-label={`Read ${document.title} again`}
              title="Try again"
              disabled={retry.isPending}
              onClick={() => retry.mutate()}
            >
              <RotateCw size={15} />
            </Button>
          )}
          <Button
            look="quiet"
            size="icon"
            aria-label={`Delete ${document.title}`}
            title="Delete"
            onClick={() => setAsking(true)}
            className="opacity-0 group-hover:opacity-100 focus-visible:opacity-100 pointer-coarse:opacity-100"
          >
            <Trash2 size={15} />
          </Button>
        </div>
      </div>
      <Confirm
        open={asking}
        onOpenChange={setAsking}
        title="Delete this document?"
        consequence={`“${document.title}” disappears at once, with every earlier answer that quotes it. This cannot be undone.`}
        action="Delete"
        onConfirm={() => remove.mutate()}
      />
    </li>
  );
}

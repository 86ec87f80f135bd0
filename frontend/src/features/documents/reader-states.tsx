import { Link } from "@tanstack/react-router";
import { Button, buttonClass } from "@/components/ui/button";
import { Empty, Problem } from "@/components/ui/states";
import { StageLine } from "@/features/library/stage-line";
import type { TidingsDocument } from "@/lib/api-types";
import { useRetryDocument } from "./queries";

export function Failed({ document }: { document: TidingsDocument }) {
  const retry = useRetryDocument(document.id);
  return (
    <div className="border-l-2 border-failure bg-failure-soft px-4 py-3 text-sm">
      <p className="font-semibold">This document could not be read</p>
      <p className="mt-1">
        {document.error?.detail ?? "No reason is known. Try again; if it fails again, add another copy."}
      </p>
      <Button size="small" className="mt-3" disabled={retry.isPending} onClick={() => retry.mutate()}>
        Try again
      </Button>
      {retry.error && <Problem error={retry.error} className="mt-3" />}
    </div>
  );
}

export function InWork({ document }: { document: TidingsDocument }) {
  return (
    <div className="border-l-2 border-accent px-4 py-1 text-sm">
      <p className="font-semibold">This document is being read</p>
      <p className="mt-1 text-muted">Its text appears here when it is ready. You can leave this page.</p>
      <div className="mt-3">
        <StageLine stage={document.stage} />
      </div>
    </div>
  );
}

export function Deleted() {
  return (
    <Empty
      title="This document is not here"
      action={
        <Link to="/library" className={buttonClass("secondary")}>
          Go to the library
        </Link>
      }
    >
      It was deleted, or the link is wrong. Answers that quoted it were deleted with it.
    </Empty>
  );
}

export function Withheld() {
  return (
    <p className="border-l-2 border-rule px-4 py-2 text-sm text-muted">
      The publisher does not allow showing this text here. Open the original page to read it.
    </p>
  );
}

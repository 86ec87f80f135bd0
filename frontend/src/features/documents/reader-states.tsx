import { Link } from "@tanstack/react-router";
import { Button, buttonClass } from "@/components/ui/button";
import { Empty, Problem } from "@/components/ui/states";
import { PasswordForm } from "@/features/library/password-form";
import { StageLine } from "@/features/library/stage-line";
import { needsPassword, useSteering } from "@/features/library/steer-buttons";
import { Steps } from "@/features/library/steps";
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
      {needsPassword(document) ? (
        <PasswordForm document={document} />
      ) : (
        <Button
          size="small"
          className="mt-3"
          disabled={retry.isPending}
          onClick={() => retry.mutate(undefined)}
        >
          Try again
        </Button>
      )}
      {retry.error && <Problem error={retry.error} className="mt-3" />}
    </div>
  );
}

const READING = {
  going: ["This document is being read", "Its text appears here when it is ready. You can leave this page."],
  paused: ["Reading this document is paused", "Resume it, and its text appears here when it is ready."],
  cancelled: ["Reading this document was cancelled", "Its text appears here once it is read again."],
};

const ADDING = {
  going: ["The rows of this table are being added", "Each becomes a document. You can leave this page."],
  paused: ["Adding the rows of this table is paused", "Resume it to add the rest. Rows added so far stay."],
  cancelled: [
    "Adding the rows of this table was cancelled",
    "Rows added so far stay. Try again to add the rest.",
  ],
};

/** A document that is being read or a table whose rows are being added, or would be if nobody had stopped it. */
export function InWork({ document }: { document: TidingsDocument }) {
  const { buttons, problem } = useSteering(document);
  const { status, stage, stages, rows } = document;
  const standing = status === "paused" || status === "cancelled" ? status : "going";
  const [title, hint] = (rows ? ADDING : READING)[standing];
  return (
    <div className="border-l-2 border-accent px-4 py-1 text-sm">
      <p className="font-semibold">{title}</p>
      <p className="mt-1 text-muted">{hint}</p>
      {standing === "going" && !rows && (
        <div className="mt-3">
          <StageLine stage={stage} stages={stages} />
        </div>
      )}
      <Steps document={document} />
      <div className="mt-2 -ml-2 flex">{buttons}</div>
      {problem}
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

import { Link } from "@tanstack/react-router";
import { X } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import type { TidingsDocument } from "@/lib/api-types";
import { bytes, plural } from "@/lib/format";
import { ApiProblem } from "@/lib/problem";
import { PasswordForm } from "./password-form";
import { ReadSoFar } from "./read-so-far";
import { StageLine } from "./stage-line";
import { needsPassword, useSteering } from "./steer-buttons";
import { Steps } from "./steps";
import { RowsProgress } from "./tables/rows-progress";
import {
  canPause,
  dismissFinished,
  dismissUpload,
  isFinished,
  pauseUpload,
  retryUpload,
  type Upload,
  useUploads,
} from "./uploads";

const SHOWN_WHOLE = 6;

/** What was added in this visit, with how far each is. */
export function UploadQueue() {
  const uploads = useUploads();
  const [unfolded, setUnfolded] = useState(false);
  if (uploads.length === 0) return null;
  const done = uploads.filter(isFinished).length;
  const ready = uploads.filter((upload) => upload.phase === "accepted" && upload.stage === "ready");
  const folded = !unfolded && uploads.length > SHOWN_WHOLE && ready.length > 1;
  const shown = folded ? uploads.filter((upload) => !ready.includes(upload)) : uploads;
  return (
    <section className="mt-8" aria-labelledby="queue-title">
      <div className="flex items-baseline gap-4 border-b border-ink pb-1.5">
        <h2 id="queue-title" className="font-serif text-sm font-semibold">
          Being added
        </h2>
        <span className="nums flex-1 text-xs text-muted">
          {done} of {uploads.length} done
        </span>
        {done > 0 && (
          <button type="button" className="link text-xs" onClick={dismissFinished}>
            Clear finished
          </button>
        )}
      </div>
      <ul>
        {shown.map((upload) => (
          <UploadRow key={upload.key} upload={upload} />
        ))}
      </ul>
      {folded && (
        <p className="py-2.5 text-xs text-muted">
          {plural(ready.length, "document")} ready.{" "}
          <button type="button" className="link" onClick={() => setUnfolded(true)}>
            Show them
          </button>
        </p>
      )}
    </section>
  );
}

function UploadRow({ upload }: { upload: Upload }) {
  const { document } = upload;
  return (
    <li className="flex items-start gap-4 border-b border-rule py-3">
      <div className="min-w-0 flex-1">
        <p className="flex items-baseline gap-3">
          {document ? (
            <Link
              to="/documents/$documentId"
              params={{ documentId: document.id }}
              className="truncate text-sm font-medium hover:underline"
            >
              {upload.name}
            </Link>
          ) : (
            <span className="truncate text-sm font-medium">{upload.name}</span>
          )}
          {upload.byteCount !== null && (
            <span className="nums shrink-0 text-xs text-muted">{bytes(upload.byteCount)}</span>
          )}
        </p>
        <div className="mt-1.5 text-xs">
          <Progress upload={upload} />
        </div>
        {document && upload.phase === "accepted" && <Steps document={document} />}
      </div>
      {document && upload.phase === "accepted" && <Steering document={document} />}
      {upload.phase === "refused" && (
        <Button size="small" onClick={() => retryUpload(upload.key)}>
          Try again
        </Button>
      )}
      {canPause(upload) && (
        <Button size="small" onClick={() => pauseUpload(upload.key)}>
          Pause
        </Button>
      )}
      {upload.phase === "paused" && (
        <Button size="small" onClick={() => retryUpload(upload.key)}>
          Continue
        </Button>
      )}
      {upload.phase !== "sending" && (
        <Button
          look="quiet"
          size="icon"
          aria-label={`Remove ${upload.name} from this list`}
          onClick={() => dismissUpload(upload.key)}
        >
          <X size={14} />
        </Button>
      )}
    </li>
  );
}

function Steering({ document }: { document: TidingsDocument }) {
  const { buttons, problem } = useSteering(document);
  return (
    <div className="shrink-0">
      <div className="flex">{buttons}</div>
      {problem}
    </div>
  );
}

function Progress({ upload }: { upload: Upload }) {
  const { phase, error, document, stage, sent } = upload;
  if (phase === "waiting") return <span className="text-muted">Waits for its turn</span>;
  if (phase === "sending" || phase === "paused") {
    return (
      <span className="flex items-center gap-2.5">
        <progress className="bar" value={sent} max={1} aria-label={`Sending ${upload.name}`} />
        <span className="nums text-muted">{sending(upload)}</span>
      </span>
    );
  }
  if (phase === "refused") {
    return (
      <span role="alert" className="text-failure">
        {error instanceof ApiProblem
          ? `${error.title}. ${error.message}`
          : "It could not be sent. Try again."}
      </span>
    );
  }
  if (phase === "duplicate" && document) {
    return (
      <span className="text-muted">
        Already in the library as{" "}
        <Link to="/documents/$documentId" params={{ documentId: document.id }} className="link">
          {document.title}
        </Link>
        {document.folder && ` in ${document.folder}`}. Nothing was stored twice.
      </span>
    );
  }
  if (document?.rows && stage !== "failed")
    return <RowsProgress rows={document.rows} status={document.status} />;
  if (stage === "failed") {
    return (
      <>
        <span role="alert" className="text-failure">
          {document?.error?.detail ?? "It could not be read."}
        </span>
        {document && needsPassword(document) && <PasswordForm document={document} />}
      </>
    );
  }
  return (
    <>
      <StageLine stage={stage} stages={document?.stages} />
      {document && <ReadSoFar document={document} />}
    </>
  );
}

function sending({ phase, sent, cut }: Upload): string {
  const percent = `${Math.round(sent * 100)} %`;
  if (phase === "paused") return `Paused at ${percent}`;
  if (cut) return `Waiting for the connection, ${percent} sent`;
  return sent >= 1 ? "Checking" : `Sending ${percent}`;
}

import { Link } from "@tanstack/react-router";
import { X } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { bytes, plural } from "@/lib/format";
import { ApiProblem } from "@/lib/problem";
import { StageLine } from "./stage-line";
import { dismissFinished, dismissUpload, isFinished, retryUpload, type Upload, useUploads } from "./uploads";

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
      </div>
      {upload.phase === "refused" && (
        <Button size="small" onClick={() => retryUpload(upload.key)}>
          Try again
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

function Progress({ upload }: { upload: Upload }) {
  const { phase, error, document, stage, sent } = upload;
  if (phase === "waiting") return <span className="text-muted">Waits for its turn</span>;
  if (phase === "sending") {
    const percent = Math.round(sent * 100);
    return (
      <span className="flex items-center gap-2.5">
        <progress className="bar" value={sent} max={1} aria-label={`Sending ${upload.name}`} />
        <span className="nums text-muted">{sent >= 1 ? "Checking" : `Sending ${percent} %`}</span>
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
        . Nothing was stored twice.
      </span>
    );
  }
  if (stage === "failed") {
    return (
      <span role="alert" className="text-failure">
        {document?.error?.detail ?? "It could not be read."}
      </span>
    );
  }
  return <StageLine stage={stage} />;
}

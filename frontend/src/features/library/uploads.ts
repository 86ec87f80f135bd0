/** What is being added: kept outside the screens, so that leaving the library does not stop an upload. */
import { useSyncExternalStore } from "react";
import { noticeSignedOut, queryClient } from "@/lib/api";
import type { TidingsDocument } from "@/lib/api-types";
import { toProblem } from "@/lib/problem";
import { sendFile, sendJson } from "./send-document";

export interface Upload {
  key: string;
  name: string;
  byteCount: number | null;
  phase: "waiting" | "sending" | "accepted" | "duplicate" | "refused";
  /** Share of the bytes sent, 0 to 1. */
  sent: number;
  stage: string;
  document: TidingsDocument | null;
  error: Error | null;
}

type Send = (upload: Upload) => Promise<TidingsDocument>;

const SENT_TOGETHER = 3;
const listeners = new Set<() => void>();
const sends = new Map<string, Send>();
let uploads: readonly Upload[] = [];
let counter = 0;

function publish(next: readonly Upload[]): void {
  uploads = next;
  for (const listener of listeners) listener();
}

function change(key: string, with_: Partial<Upload>): void {
  publish(uploads.map((upload) => (upload.key === key ? { ...upload, ...with_ } : upload)));
}

export function useUploads(): readonly Upload[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => uploads,
  );
}

function enqueue(name: string, byteCount: number | null, send: Send): void {
  counter += 1;
  const key = `upload-${counter}`;
  sends.set(key, send);
  const upload: Upload = {
    key,
    name,
    byteCount,
    phase: "waiting",
    sent: 0,
    stage: "received",
    document: null,
    error: null,
  };
  publish([upload, ...uploads]);
  pump();
}

export function addFiles(files: Iterable<File>): void {
  for (const file of [...files].reverse()) {
    enqueue(file.name, file.size, (upload) => sendFile(file, (sent) => change(upload.key, { sent })));
  }
}

export function addUrl(url: string): void {
  enqueue(url, null, () => sendJson({ url }));
}

export function addText(text: string, title: string | undefined): void {
  const body = title ? { text, title } : { text };
  enqueue(title ?? `${text.trim().slice(0, 60)}\u2026`, new Blob([text]).size, () => sendJson(body));
}

/** Start waiting uploads, the oldest first, a few at a time. */
function pump(): void {
  const sending = uploads.filter((upload) => upload.phase === "sending").length;
  const waiting = uploads.filter((upload) => upload.phase === "waiting").reverse();
  for (const upload of waiting.slice(0, Math.max(0, SENT_TOGETHER - sending))) void run(upload);
}

async function run(upload: Upload): Promise<void> {
  const send = sends.get(upload.key);
  if (!send) return;
  change(upload.key, { phase: "sending", error: null, sent: 0 });
  try {
    const document = await send(upload);
    // Events may have come in before the answer did: never step back.
    const known = uploads.find((other) => other.key === upload.key)?.document;
    change(upload.key, {
      phase: document.duplicate ? "duplicate" : "accepted",
      sent: 1,
      stage: known?.stage ?? document.stage,
      document: known ?? document,
    });
    sends.delete(upload.key);
    void queryClient.invalidateQueries({ queryKey: ["documents"] });
  } catch (error) {
    noticeSignedOut(error);
    change(upload.key, { phase: "refused", error: toProblem(error) });
  }
  pump();
}

export function retryUpload(key: string): void {
  change(key, { phase: "waiting" });
  pump();
}

export function dismissUpload(key: string): void {
  sends.delete(key);
  publish(uploads.filter((upload) => upload.key !== key));
}

export const isFinished = ({ phase, stage }: Upload) =>
  phase === "duplicate" || (phase === "accepted" && (stage === "ready" || stage === "failed"));

export function dismissFinished(): void {
  publish(uploads.filter((upload) => !isFinished(upload)));
}

/** Take over what the event feed says about a document. */
export function noteStage(documentId: string, stage: string, document: TidingsDocument | null): void {
  if (!uploads.some((upload) => upload.document?.id === documentId)) return;
  publish(
    uploads.map((upload) =>
      upload.document?.id === documentId
        ? { ...upload, stage, document: document ?? upload.document }
        : upload,
    ),
  );
}

/** What is being added: kept outside the screens, so that leaving the library does not stop an upload. */
import { useSyncExternalStore } from "react";
import type { TableOptions } from "@/client";
import { noticeSignedOut, queryClient } from "@/lib/api";
import type { TidingsDocument } from "@/lib/api-types";
import { toProblem } from "@/lib/problem";
import { currentFiling, type Filing } from "./filing";
import type { FoundFile } from "./folder-files";
import { isAbort, LARGE_BYTES, sendInParts } from "./resumable-upload";
import { sendFile, sendJson } from "./send-document";

export interface Upload {
  key: string;
  name: string;
  byteCount: number | null;
  phase: "waiting" | "sending" | "paused" | "accepted" | "duplicate" | "refused";
  /** What it is called on the server while a large file is sent in parts, and whether it waits for a connection. */
  uploadId: string | null;
  cut: boolean;
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
const stops = new Map<string, AbortController>();
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
    uploadId: null,
    cut: false,
    sent: 0,
    stage: "received",
    document: null,
    error: null,
  };
  publish([upload, ...uploads]);
  pump();
}

/**
 * Add files. They go where people chose; else those of a dropped or chosen folder keep its path.
 * `options`: how to take a table.
 */
export function addFiles(files: Iterable<FoundFile>, options?: TableOptions): void {
  const filing = currentFiling();
  for (const { file, folder } of [...files].reverse()) {
    const filed: Filing = { folder: filing.folder || folder, tags: filing.tags };
    // How a table is to be taken goes with the file alone.
    enqueue(file.name, file.size, ({ key }) =>
      file.size > LARGE_BYTES && !options
        ? sendLarge(file, filed, key)
        : sendFile(file, filed, (sent) => change(key, { sent }), options),
    );
  }
}

function sendLarge(file: File, filed: Filing, key: string): Promise<TidingsDocument> {
  const controller = new AbortController();
  stops.set(key, controller);
  return sendInParts(file, filed, {
    signal: controller.signal,
    onBegun: (uploadId) => change(key, { uploadId }),
    onSent: (sent) => change(key, { sent }),
    onWaiting: (cut) => change(key, { cut }),
  }).finally(() => stops.delete(key));
}

/** Whether an upload can be paused: those that are sent in parts. */
export const canPause = ({ phase, uploadId }: Upload) => phase === "sending" && uploadId !== null;

export function pauseUpload(key: string): void {
  stops.get(key)?.abort();
}

export function addUrl(url: string): void {
  const filed = currentFiling();
  enqueue(url, null, () => sendJson({ url, ...filed }));
}

export function addText(text: string, title: string | undefined): void {
  const filed = currentFiling();
  const body = title ? { text, title, ...filed } : { text, ...filed };
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
  change(upload.key, { phase: "sending", error: null, cut: false, sent: upload.sent });
  try {
    const document = await send(upload);
    // Events may have come in before the answer did: never step back.
    const known = uploads.find((other) => other.key === upload.key)?.document;
    change(upload.key, {
      phase: document.duplicate ? "duplicate" : "accepted",
      sent: 1,
      uploadId: null,
      stage: known?.stage ?? document.stage,
      document: known ?? document,
    });
    sends.delete(upload.key);
    void queryClient.invalidateQueries({ queryKey: ["documents"] });
  } catch (error) {
    noticeSignedOut(error);
    if (isAbort(error)) change(upload.key, { phase: "paused" });
    else change(upload.key, { phase: "refused", sent: 0, error: toProblem(error) });
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
  phase === "duplicate" || (phase === "accepted" && ["ready", "failed", "cancelled"].includes(stage));

export function dismissFinished(): void {
  publish(uploads.filter((upload) => !isFinished(upload)));
}

/** The documents of the queue that had not come to an end when they were last heard of. */
export function documentsUnderWay(): string[] {
  return uploads.flatMap((upload) => (upload.document && !isFinished(upload) ? [upload.document.id] : []));
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

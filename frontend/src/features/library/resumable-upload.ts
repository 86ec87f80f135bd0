/** Large files go in parts, and on from there after a pause, a lost connection or a reload (docs/adr/0022). */
import { uploadsCreate, uploadsDelete, uploadsGet, uploadsList } from "@/client";
import type { TidingsDocument, UnfinishedUpload } from "@/lib/api-types";
import { ApiProblem, toProblem } from "@/lib/problem";
import type { Filing } from "./filing";

export const LARGE_BYTES = 8 * 1024 * 1024;
const PART_BYTES = 4 * 1024 * 1024;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 15_000;
const STORE = "tidings.uploads";

export interface Sending {
  signal: AbortSignal;
  onBegun: (uploadId: string) => void;
  onSent: (share: number) => void;
  /** Whether it waits for the server to answer again. */
  onWaiting: (waiting: boolean) => void;
}

/** Send a file to its end. Throws an AbortError when paused; what was sent is kept for a day. */
export async function sendInParts(file: File, filed: Filing, sending: Sending): Promise<TidingsDocument> {
  let upload = await untilAnswered(sending, () => recalled(file, filed));
  let pause = FIRST_PAUSE_MS;
  while (!upload.document) {
    sending.onBegun(upload.id);
    const { id, offset } = upload;
    try {
      const part = file.slice(offset, offset + Math.max(PART_BYTES, upload.min_append_size));
      upload = await sendPart(id, offset, part, sending.signal, (bytes) =>
        sending.onSent((offset + bytes) / file.size),
      );
      pause = FIRST_PAUSE_MS;
      sending.onWaiting(false);
    } catch (error) {
      if (!mayPass(error)) {
        if (!isAbort(error)) forget(file);
        throw error;
      }
      sending.onWaiting(true);
      await sleep(pause, sending.signal);
      pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
      upload = await untilAnswered(sending, () => recalled(file, filed));
    }
  }
  forget(file);
  return upload.document;
}

/** Uploads that this browser began and has not ended, as the server knows them. */
export async function unfinishedHere(): Promise<UnfinishedUpload[]> {
  const ids = new Set(Object.values(remembered()));
  if (ids.size === 0) return [];
  return (await uploadsList()).data.data.filter((upload) => ids.has(upload.id));
}

/** Give an upload up; what was sent of it is removed from the server. */
export async function abandon(uploadId: string): Promise<void> {
  keep(Object.fromEntries(Object.entries(remembered()).filter(([, id]) => id !== uploadId)));
  await uploadsDelete({ path: { upload_id: uploadId } });
}

/** The upload that this browser began for the file, else a new one. */
async function recalled(file: File, filed: Filing): Promise<UnfinishedUpload> {
  const known = remembered()[keyOf(file)];
  if (known) {
    try {
      return (await uploadsGet({ path: { upload_id: known } })).data;
    } catch (error) {
      if (!(error instanceof ApiProblem && error.status === 404)) throw error;
    }
  }
  const begun = (await uploadsCreate({ body: { size: file.size, filename: file.name, ...filed } })).data;
  keep({ ...remembered(), [keyOf(file)]: begun.id });
  return begun;
}

async function untilAnswered<T>(sending: Sending, ask: () => Promise<T>): Promise<T> {
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    try {
      return await ask();
    } catch (error) {
      if (!mayPass(error)) throw error;
      sending.onWaiting(true);
      await sleep(pause, sending.signal);
    }
  }
}

/** Send one part. XMLHttpRequest, because fetch cannot report how much of a body has gone out. */
function sendPart(
  uploadId: string,
  offset: number,
  part: Blob,
  signal: AbortSignal,
  onSent: (bytes: number) => void,
): Promise<UnfinishedUpload> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    request.open("PATCH", `/v1/uploads/${uploadId}`);
    request.setRequestHeader("Content-Type", "application/partial-upload");
    request.setRequestHeader("Upload-Offset", String(offset));
    request.setRequestHeader("Accept", "application/json");
    request.responseType = "json";
    request.upload.onprogress = (event) => onSent(event.loaded);
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve(request.response as UnfinishedUpload);
      else reject(toProblem(request.response, new Response(null, { status: request.status })));
    };
    request.onerror = () => reject(toProblem(null));
    request.onabort = () => reject(paused());
    request.onloadend = () => signal.removeEventListener("abort", abort);
    if (signal.aborted) reject(paused());
    else {
      signal.addEventListener("abort", abort);
      request.send(part);
    }
  });
}

/** Whether asking again may help: nobody answered, the server is busy, or the part was there already. */
function mayPass(error: unknown): boolean {
  if (!(error instanceof ApiProblem)) return false;
  return [0, 408, 429, 502, 503, 504].includes(error.status) || error.code === "offset_mismatch";
}

const paused = () => new DOMException("paused", "AbortError");

export const isAbort = (error: unknown) => error instanceof DOMException && error.name === "AbortError";

/** Wait, or until the browser is online again. */
function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (act: () => void) => () => {
      clearTimeout(timer);
      removeEventListener("online", wake);
      signal.removeEventListener("abort", stop);
      act();
    };
    const wake = end(resolve);
    const stop = end(() => reject(paused()));
    const timer = setTimeout(wake, milliseconds);
    addEventListener("online", wake);
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
  });
}

/** What tells one file of this computer from another without reading it. */
const keyOf = (file: File) => `${file.name}:${file.size}:${file.lastModified}`;

function remembered(): Record<string, string> {
  try {
    return JSON.parse(localStorage.getItem(STORE) ?? "{}") as Record<string, string>;
  } catch {
    return {};
  }
}

function keep(uploads: Record<string, string>): void {
  try {
    localStorage.setItem(STORE, JSON.stringify(uploads));
  } catch {
    // Storage may be blocked; an upload then goes on until the page is closed.
  }
}

function forget(file: File): void {
  const { [keyOf(file)]: _, ...rest } = remembered();
  keep(rest);
}

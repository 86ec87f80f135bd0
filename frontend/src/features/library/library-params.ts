/** What the address of the library says: which documents are listed. */
import type { DocumentSelection } from "@/client";

const STATUSES = {
  ready: ["ready"],
  processing: ["queued", "processing"],
  failed: ["failed"],
  stopped: ["paused", "cancelled"],
  archived: ["archived"],
} as const;
export type ListedStatus = keyof typeof STATUSES;

/** In the address, documents in no folder: no folder's path ends with a slash. */
export const NO_FOLDER = "/";

export interface LibraryParams {
  status?: ListedStatus;
  folder?: string;
  tag?: string;
}

const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);

export function readLibrary(raw: Record<string, unknown>): LibraryParams {
  const status = Object.keys(STATUSES).find((known) => known === raw.status) as ListedStatus | undefined;
  const folder = text(raw.folder);
  const tag = text(raw.tag);
  return { ...(status && { status }), ...(folder && { folder }), ...(tag && { tag }) };
}

/** The same as conditions of the API. */
export function toSelection({ status, folder, tag }: LibraryParams): DocumentSelection {
  return {
    ...(status && { status: [...STATUSES[status]] }),
    ...(folder && { folder: [folder === NO_FOLDER ? "" : folder] }),
    ...(tag && { tag: [tag] }),
  };
}

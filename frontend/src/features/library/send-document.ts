import type { TableOptions } from "@/client";
import type { TidingsDocument } from "@/lib/api-types";
import { problemFrom, toProblem } from "@/lib/problem";
import type { Filing } from "./filing";

/** Send one file. XMLHttpRequest, because fetch cannot report how much of a body has gone out. */
export function sendFile(
  file: File,
  { folder, tags }: Filing,
  onSent: (share: number) => void,
  options?: TableOptions,
): Promise<TidingsDocument> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const form = new FormData();
    form.append("file", file, file.name);
    if (folder) form.append("folder", folder);
    for (const tag of tags) form.append("tags", tag);
    if (options) form.append("options", JSON.stringify(options));
    request.open("POST", "/v1/documents");
    request.setRequestHeader("Accept", "application/json");
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) onSent(event.loaded / event.total);
    };
    request.onload = () => {
      const body = parse(request.responseText);
      if (request.status >= 200 && request.status < 300) resolve(body as TidingsDocument);
      else reject(toProblem(body, new Response(null, { status: request.status })));
    };
    request.onerror = () => reject(toProblem(null));
    request.send(form);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Send an address to fetch, or pasted text. */
export async function sendJson(
  body: Filing & ({ url: string } | { text: string; title?: string }),
): Promise<TidingsDocument> {
  const response = await fetch("/v1/documents", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify(body),
  }).catch((error: unknown) => {
    throw toProblem(error);
  });
  if (!response.ok) throw await problemFrom(response);
  return (await response.json()) as TidingsDocument;
}

import type { TidingsDocument } from "@/lib/api-types";
import { problemFrom, toProblem } from "@/lib/problem";

/** Send one file. XMLHttpRequest, because fetch cannot report how much of a body has gone out. */
export function sendFile(file: File, onSent: (share: number) => void): Promise<TidingsDocument> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const form = new FormData();
    form.append("file", file);
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
  body: { url: string } | { text: string; title?: string },
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

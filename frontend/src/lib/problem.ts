/** A failed request in the words the server gave (RFC 9457), or in ours when no server answered. */

export interface FieldProblem {
  pointer: string;
  reason: string;
}

export class ApiProblem extends Error {
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly requestId: string | null;
  readonly fields: readonly FieldProblem[];

  constructor(parts: {
    title: string;
    detail: string;
    status: number;
    code: string;
    requestId?: string | null;
    fields?: readonly FieldProblem[];
  }) {
    super(parts.detail);
    this.name = "ApiProblem";
    this.title = parts.title;
    this.status = parts.status;
    this.code = parts.code;
    this.requestId = parts.requestId ?? null;
    this.fields = parts.fields ?? [];
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function text(value: unknown, otherwise: string): string {
  return typeof value === "string" && value !== "" ? value : otherwise;
}

function fieldsOf(value: unknown): FieldProblem[] {
  if (!Array.isArray(value)) return [];
  return value
    .filter(isRecord)
    .map((field) => ({ pointer: text(field.pointer, ""), reason: text(field.reason, "Not valid.") }));
}

/** Turn whatever a request threw or answered into an ApiProblem. Aborts pass through unchanged. */
export function toProblem(error: unknown, response?: Response): Error {
  if (error instanceof ApiProblem) return error;
  if (error instanceof DOMException && error.name === "AbortError") return error;
  const status = response?.status ?? 0;
  if (isRecord(error) && typeof error.title === "string") {
    return new ApiProblem({
      title: error.title,
      detail: text(error.detail, "The server gave no further reason."),
      status: typeof error.status === "number" ? error.status : status,
      code: text(error.code, "unknown"),
      requestId: text(error.request_id, response?.headers.get("x-request-id") ?? "") || null,
      fields: fieldsOf(error.errors),
    });
  }
  if (status === 0) {
    return new ApiProblem({
      title: "The server does not answer",
      detail: "Check that Tidings is running and that you are online, then try again.",
      status: 0,
      code: "unreachable",
    });
  }
  return new ApiProblem({
    title: "The server gave an unexpected answer",
    detail: `It answered ${status} without a reason.`,
    status,
    code: "unexpected",
    requestId: response?.headers.get("x-request-id") ?? null,
  });
}

/** The problem a failed response carries in its body. */
export async function problemFrom(response: Response): Promise<Error> {
  const body: unknown = await response.json().catch(() => null);
  return toProblem(body, response);
}

export function isUnauthenticated(error: unknown): boolean {
  return error instanceof ApiProblem && error.status === 401;
}

export function isMissing(error: unknown): boolean {
  return error instanceof ApiProblem && (error.status === 404 || error.status === 410);
}

/** The reason given for one form field, by its name in the request body. */
export function fieldReason(error: unknown, name: string): string | undefined {
  if (!(error instanceof ApiProblem)) return undefined;
  return error.fields.find((field) => field.pointer.split("/").at(-1) === name)?.reason;
}

import { createFileRoute } from "@tanstack/react-router";
import { useMemo } from "react";
import { DocumentPage } from "@/features/documents/document-page";

interface SpanParams {
  start?: number;
  end?: number;
}

function offset(value: unknown): number | undefined {
  const number =
    typeof value === "number" ? value : /^\d{1,9}$/.test(String(value)) ? Number(value) : Number.NaN;
  return Number.isSafeInteger(number) ? number : undefined;
}

export const Route = createFileRoute("/_app/documents/$documentId")({
  validateSearch: (raw: Record<string, unknown>): SpanParams => {
    const start = offset(raw.start);
    const end = offset(raw.end);
    return start !== undefined && end !== undefined && end > start ? { start, end } : {};
  },
  component: DocumentRoute,
});

function DocumentRoute() {
  const { documentId } = Route.useParams();
  const { start, end } = Route.useSearch();
  const span = useMemo(
    () => (start !== undefined && end !== undefined ? { start, end } : undefined),
    [start, end],
  );
  return <DocumentPage documentId={documentId} span={span} />;
}

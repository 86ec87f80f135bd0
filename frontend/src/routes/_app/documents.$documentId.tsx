import { createFileRoute } from "@tanstack/react-router";
import { useMemo } from "react";
import { DocumentPage } from "@/features/documents/document-page";

interface ReaderParams {
  start?: number | undefined;
  end?: number | undefined;
  page?: number | undefined;
  view?: "page" | "text" | undefined;
}

function offset(value: unknown): number | undefined {
  const number =
    typeof value === "number" ? value : /^\d{1,9}$/.test(String(value)) ? Number(value) : Number.NaN;
  return Number.isSafeInteger(number) ? number : undefined;
}

export const Route = createFileRoute("/_app/documents/$documentId")({
  validateSearch: (raw: Record<string, unknown>): ReaderParams => {
    const start = offset(raw.start);
    const end = offset(raw.end);
    const page = offset(raw.page);
    return {
      ...(start !== undefined && end !== undefined && end > start ? { start, end } : {}),
      ...(page ? { page } : {}),
      ...(raw.view === "page" || raw.view === "text" ? { view: raw.view } : {}),
    };
  },
  component: DocumentRoute,
});

function DocumentRoute() {
  const { documentId } = Route.useParams();
  const { start, end, page, view } = Route.useSearch();
  const navigate = Route.useNavigate();
  const span = useMemo(
    () => (start !== undefined && end !== undefined ? { start, end } : undefined),
    [start, end],
  );
  return (
    <DocumentPage
      documentId={documentId}
      span={span}
      place={{ page, view }}
      onPlace={(place) =>
        void navigate({ search: (old) => ({ ...old, ...place }), replace: true, resetScroll: false })
      }
    />
  );
}

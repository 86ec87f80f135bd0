import { createFileRoute, useParams } from "@tanstack/react-router";
import { AskScreen } from "@/features/ask/ask-screen";
import { type FilterParams, readFilters } from "@/lib/search-params";

interface AskParams extends FilterParams {
  q?: string;
}

export const Route = createFileRoute("/_app/ask")({
  validateSearch: (raw: Record<string, unknown>): AskParams => ({
    ...(typeof raw.q === "string" && raw.q !== "" && { q: raw.q }),
    ...readFilters(raw),
  }),
  component: Ask,
});

function Ask() {
  const { q, ...filters } = Route.useSearch();
  const { answerId } = useParams({ strict: false });
  return <AskScreen answerId={answerId} draft={q} filters={filters} />;
}

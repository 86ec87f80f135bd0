import { createFileRoute } from "@tanstack/react-router";
import { SourcePage } from "@/features/sources/detail/source-page";
import { type ItemState, STATES } from "@/features/sources/words";

export const Route = createFileRoute("/_app/sources/$sourceId")({
  validateSearch: (raw: Record<string, unknown>): { state?: ItemState } => {
    const known = STATES.find(({ state }) => state === raw.state);
    return known ? { state: known.state } : {};
  },
  component: SourceRoute,
});

function SourceRoute() {
  const { sourceId } = Route.useParams();
  return <SourcePage key={sourceId} sourceId={sourceId} state={Route.useSearch().state} />;
}

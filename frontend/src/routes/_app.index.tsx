import { createFileRoute } from "@tanstack/react-router";
import { TodayScreen } from "@/features/today/today-screen";

interface TodayParams {
  /** Uploads too, not only what came from the web. */
  all?: "1";
}

export const Route = createFileRoute("/_app/")({
  validateSearch: (raw: Record<string, unknown>): TodayParams => (raw.all === "1" ? { all: "1" } : {}),
  component: Today,
});

function Today() {
  return <TodayScreen everything={Route.useSearch().all === "1"} />;
}

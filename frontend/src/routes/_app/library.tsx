import { createFileRoute } from "@tanstack/react-router";
import { LibraryScreen } from "@/features/library/library-screen";
import { type ListedStatus, STATUSES } from "@/features/library/list-cache";

export const Route = createFileRoute("/_app/library")({
  validateSearch: (raw: Record<string, unknown>): { status?: ListedStatus } => {
    const status = STATUSES.find((known) => known === raw.status);
    return status ? { status } : {};
  },
  component: Library,
});

function Library() {
  return <LibraryScreen status={Route.useSearch().status} />;
}

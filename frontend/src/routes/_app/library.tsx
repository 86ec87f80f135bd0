import { createFileRoute } from "@tanstack/react-router";
import { readLibrary } from "@/features/library/library-params";
import { LibraryScreen } from "@/features/library/library-screen";

export const Route = createFileRoute("/_app/library")({
  validateSearch: readLibrary,
  component: Library,
});

function Library() {
  // Read once more: what it refused comes through from the routes above.
  return <LibraryScreen params={readLibrary(Route.useSearch())} />;
}

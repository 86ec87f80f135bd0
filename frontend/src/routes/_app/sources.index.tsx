import { createFileRoute } from "@tanstack/react-router";
import { readSourcesParams } from "@/features/sources/source-params";
import { SourcesScreen } from "@/features/sources/sources-screen";

export const Route = createFileRoute("/_app/sources/")({
  validateSearch: readSourcesParams,
  component: Sources,
});

function Sources() {
  return <SourcesScreen params={Route.useSearch()} />;
}

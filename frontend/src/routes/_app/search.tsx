import { createFileRoute } from "@tanstack/react-router";
import { SearchScreen } from "@/features/search/search-screen";
import { readSearch } from "@/lib/search-params";

export const Route = createFileRoute("/_app/search")({ validateSearch: readSearch, component: Search });

function Search() {
  return <SearchScreen params={Route.useSearch()} />;
}

import { createRouter } from "@tanstack/react-router";
import { meKey } from "./features/auth/session";
import { RouteProblem, UnknownPage } from "./features/shell/route-states";
import { queryClient, whenSignedOut } from "./lib/api";
import { parseSearch, stringifySearch } from "./lib/search-params";
import { routeTree } from "./routeTree.gen";

export const router = createRouter({
  routeTree,
  context: { queryClient },
  parseSearch,
  stringifySearch,
  scrollRestoration: true,
  defaultPreload: "intent",
  defaultPreloadStaleTime: 0,
  defaultErrorComponent: RouteProblem,
  defaultNotFoundComponent: UnknownPage,
});

whenSignedOut(() => {
  const { pathname, href } = router.state.location;
  if (pathname === "/login" || pathname === "/setup") return;
  queryClient.removeQueries({ queryKey: meKey });
  void router.navigate({ to: "/login", search: { next: href } });
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

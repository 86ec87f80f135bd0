import { type QueryClient, queryOptions, useQuery } from "@tanstack/react-query";
import { redirect } from "@tanstack/react-router";
import { meGet, setupGet } from "@/client";
import { isUnauthenticated } from "@/lib/problem";

export const meKey = ["me"] as const;

const meQuery = queryOptions({
  queryKey: meKey,
  queryFn: async ({ signal }) => (await meGet({ signal })).data,
  staleTime: Number.POSITIVE_INFINITY,
  meta: { mayBeSignedOut: true },
});

/** Who is signed in. Only for screens behind `requireSession`. */
export const useMe = () => useQuery(meQuery).data;

/** Whether they may change things; what would be refused is not offered. */
export const useMayWrite = () => useMe()?.scope === "write";

/** Let a signed-in person through; send everybody else to set up the server or to sign in. */
export async function requireSession(queryClient: QueryClient, href: string): Promise<void> {
  try {
    await queryClient.ensureQueryData(meQuery);
  } catch (error) {
    if (!isUnauthenticated(error)) throw error;
    const { data: setup } = await setupGet();
    if (setup.needed) throw redirect({ to: "/setup" });
    throw redirect({ to: "/login", search: href === "/" || href === "/search" ? {} : { next: href } });
  }
}

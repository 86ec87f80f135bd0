import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { sessionsList, sessionsRevoke } from "@/client";
import { Button } from "@/components/ui/button";
import { Problem, Skeleton } from "@/components/ui/states";
import { Time } from "@/components/ui/time";
import type { Session } from "@/lib/api-types";

const KEY = ["sessions"] as const;

/** Where this account is signed in. */
export function Sessions() {
  const list = useQuery({
    queryKey: KEY,
    queryFn: async ({ signal }) => (await sessionsList({ signal })).data,
  });
  if (list.error) return <Problem error={list.error} onRetry={() => void list.refetch()} />;
  if (!list.data) return <Skeleton lines={3} />;
  return (
    <ul>
      {list.data.data.map((session) => (
        <SessionRow key={session.id} session={session} />
      ))}
    </ul>
  );
}

function SessionRow({ session }: { session: Session }) {
  const queryClient = useQueryClient();
  const end = useMutation({
    mutationFn: () => sessionsRevoke({ path: { session_id: session.id } }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: KEY }),
  });
  const device = deviceName(session.user_agent);
  return (
    <li className="flex items-center gap-4 border-b border-rule py-2 text-sm first:pt-0">
      <div className="min-w-0 flex-1">
        <p>{device}</p>
        <p className="text-xs text-muted">
          {session.current
            ? "This browser, "
            : session.last_seen_at && (
                <>
                  Last used <Time at={session.last_seen_at} />,{" "}
                </>
              )}
          signed in <Time at={session.created_at} />
        </p>
        {end.error && <Problem error={end.error} className="mt-2" />}
      </div>
      {!session.current && (
        <Button
          size="small"
          onClick={() => end.mutate()}
          disabled={end.isPending}
          aria-label={`End the session on ${device}`}
        >
          End
        </Button>
      )}
    </li>
  );
}

const BROWSERS = [
  ["Edg/", "Edge"],
  ["Firefox/", "Firefox"],
  ["Chrome/", "Chrome"],
  ["Safari/", "Safari"],
] as const;
const SYSTEMS = [
  ["iPhone", "iPhone"],
  ["iPad", "iPad"],
  ["Android", "Android"],
  ["Windows", "Windows"],
  ["Mac OS X", "Mac"],
  ["Linux", "Linux"],
] as const;

/** "Chrome on Linux" from a user agent; the agent itself where nothing is recognised. */
function deviceName(agent: string | null): string {
  if (!agent) return "Unknown browser";
  const find = (known: readonly (readonly [string, string])[]) =>
    known.find(([mark]) => agent.includes(mark))?.[1];
  const browser = find(BROWSERS);
  const system = find(SYSTEMS);
  if (!browser) return agent.slice(0, 60);
  return system ? `${browser} on ${system}` : browser;
}

import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { apiKeysList, apiKeysRevoke } from "@/client";
import { Button } from "@/components/ui/button";
import { Confirm } from "@/components/ui/confirm";
import { Problem, Skeleton } from "@/components/ui/states";
import { Time } from "@/components/ui/time";
import type { ApiKey } from "@/lib/api-types";
import { cx } from "@/lib/cx";
import { number } from "@/lib/format";
import { CreateKey } from "./create-key";

export const apiKeysKey = ["api-keys"] as const;
const PAGE = 20;

/** Keys for programs: create, see when each was last used, revoke. */
export function ApiKeys() {
  const [creating, setCreating] = useState(false);
  const list = useInfiniteQuery({
    queryKey: apiKeysKey,
    queryFn: async ({ signal, pageParam }) =>
      (await apiKeysList({ query: { limit: PAGE, cursor: pageParam }, signal })).data,
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
  const keys = list.data?.pages.flatMap((page) => page.data) ?? [];
  const total = list.data?.pages[0]?.total?.value ?? keys.length;
  return (
    <>
      {list.error && <Problem error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Skeleton lines={3} />}
      {list.data && keys.length === 0 && (
        <p className="text-sm text-muted">
          No keys yet. A key lets a program search and ask; with read and write access it can add documents
          too.
        </p>
      )}
      <ul>
        {keys.map((key) => (
          <KeyRow key={key.id} apiKey={key} />
        ))}
      </ul>
      <div className="mt-4 flex flex-wrap items-center gap-3">
        <Button onClick={() => setCreating(true)}>Create a key</Button>
        {list.hasNextPage && (
          <Button disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            {list.isFetchingNextPage ? "Loading" : `Show more of ${number(total)}`}
          </Button>
        )}
      </div>
      {creating && <CreateKey onClose={() => setCreating(false)} />}
    </>
  );
}

function KeyRow({ apiKey }: { apiKey: ApiKey }) {
  const queryClient = useQueryClient();
  const [asking, setAsking] = useState(false);
  const revoke = useMutation({
    mutationFn: () => apiKeysRevoke({ path: { key_id: apiKey.id } }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: apiKeysKey }),
  });
  const revoked = apiKey.revoked_at !== null;
  return (
    <li className="flex items-center gap-4 border-b border-rule py-2 text-sm first:pt-0">
      <div className="min-w-0 flex-1">
        <p className={cx("truncate", revoked && "text-muted line-through")}>{apiKey.name}</p>
        <p className="nums flex flex-wrap gap-x-2.5 text-xs text-muted">
          <span>ends in {apiKey.last_four}</span>
          <span>{apiKey.scope === "write" ? "read and write" : "read only"}</span>
          <span>
            {apiKey.last_used_at ? (
              <>
                used <Time at={apiKey.last_used_at} />
              </>
            ) : (
              "never used"
            )}
          </span>
          {apiKey.expires_at && !revoked && (
            <span>
              expires <Time at={apiKey.expires_at} />
            </span>
          )}
          {apiKey.revoked_at && (
            <span>
              revoked <Time at={apiKey.revoked_at} />
            </span>
          )}
        </p>
        {revoke.error && <Problem error={revoke.error} className="mt-2" />}
      </div>
      {!revoked && (
        <Button
          size="small"
          onClick={() => setAsking(true)}
          disabled={revoke.isPending}
          aria-label={`Revoke ${apiKey.name}`}
        >
          Revoke
        </Button>
      )}
      <Confirm
        open={asking}
        onOpenChange={setAsking}
        title={`Revoke “${apiKey.name}”?`}
        consequence="Programs that use this key are refused from now on. This cannot be undone."
        action="Revoke"
        onConfirm={() => revoke.mutate()}
      />
    </li>
  );
}

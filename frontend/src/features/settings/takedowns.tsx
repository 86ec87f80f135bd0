import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { takedownsLift, takedownsList } from "@/client";
import { Button } from "@/components/ui/button";
import { Confirm } from "@/components/ui/confirm";
import { Problem, Skeleton } from "@/components/ui/states";
import { Time } from "@/components/ui/time";
import { useMayWrite } from "@/features/auth/session";
import { announce } from "@/lib/announce";
import type { Takedown } from "@/lib/api-types";
import { plural } from "@/lib/format";
import { TakeDown, takedownsKey } from "./take-down";

/** Domains whose documents are gone and that are not fetched again. */
export function Takedowns() {
  const [adding, setAdding] = useState(false);
  const mayWrite = useMayWrite();
  const list = useQuery({
    queryKey: takedownsKey,
    queryFn: async ({ signal }) => (await takedownsList({ signal })).data,
  });
  return (
    <>
      {list.error && <Problem error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Skeleton lines={2} />}
      {list.data?.data.length === 0 && (
        <p className="text-sm text-muted">
          None. When a publisher asks, a take-down removes all documents of a domain and keeps it from being
          fetched again.
        </p>
      )}
      {list.data && (
        <ul>
          {list.data.data.map((takedown) => (
            <TakedownRow key={takedown.domain} takedown={takedown} mayWrite={mayWrite} />
          ))}
        </ul>
      )}
      {mayWrite && (
        <Button className="mt-4" onClick={() => setAdding(true)}>
          Take a domain down
        </Button>
      )}
      {adding && <TakeDown onClose={() => setAdding(false)} />}
    </>
  );
}

function TakedownRow({ takedown, mayWrite }: { takedown: Takedown; mayWrite: boolean }) {
  const queryClient = useQueryClient();
  const [asking, setAsking] = useState(false);
  const { domain, reason, document_count: count, by_operator: byOperator } = takedown;
  const lift = useMutation({
    mutationFn: () => takedownsLift({ path: { domain } }),
    onSuccess: () => {
      announce(`${domain} may be fetched again`);
      return queryClient.invalidateQueries({ queryKey: takedownsKey });
    },
  });
  return (
    <li className="flex items-start gap-4 border-b border-rule py-2 text-sm first:pt-0">
      <div className="min-w-0 flex-1">
        <p>{domain}</p>
        <p className="nums flex flex-wrap gap-x-2.5 text-xs text-muted">
          <span>{reason}</span>
          <span>{plural(count, "document")} removed</span>
          <Time at={takedown.created_at} label="Taken down" />
        </p>
        {lift.error && <Problem error={lift.error} className="mt-2" />}
      </div>
      {byOperator && (
        <p className="shrink-0 text-xs text-muted" title="It holds for everybody; the operator lifts it.">
          by the operator
        </p>
      )}
      {mayWrite && !byOperator && (
        <Button
          size="small"
          onClick={() => setAsking(true)}
          disabled={lift.isPending}
          aria-label={`Lift the take-down of ${domain}`}
        >
          Lift
        </Button>
      )}
      <Confirm
        open={asking}
        onOpenChange={setAsking}
        title={`Allow ${domain} again?`}
        consequence="It may be fetched again from now on. What was removed stays removed; its sources stay paused until you resume them."
        action="Allow again"
        onConfirm={() => lift.mutate()}
      />
    </li>
  );
}

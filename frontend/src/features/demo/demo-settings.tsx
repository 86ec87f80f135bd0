import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Confirm } from "@/components/ui/confirm";
import { Problem, Skeleton } from "@/components/ui/states";
import { useMayWrite } from "@/features/auth/session";
import { LoadDemo } from "./load-demo";
import { useDemo, useRemoveDemo } from "./queries";
import { standing } from "./words";

/** The demo in and out. */
export function DemoSettings() {
  const { data: demo, error, refetch } = useDemo();
  const mayWrite = useMayWrite();
  const remove = useRemoveDemo();
  const [asking, setAsking] = useState(false);
  if (error) return <Problem error={error} onRetry={() => void refetch()} />;
  if (!demo) return <Skeleton lines={1} />;
  return (
    <div className="flex flex-wrap items-center gap-4">
      <p className="nums min-w-0 flex-1 text-sm">{standing(demo)}</p>
      {!demo.loaded && <LoadDemo />}
      {demo.loaded && mayWrite && (
        <Button onClick={() => setAsking(true)} disabled={remove.isPending}>
          Remove the demo
        </Button>
      )}
      {remove.error && <Problem error={remove.error} className="w-full" />}
      <Confirm
        open={asking}
        onOpenChange={setAsking}
        title="Remove the demo?"
        consequence="Its documents disappear at once, with every answer that quotes them. Your own stay. You can load it again."
        action="Remove"
        onConfirm={() => remove.mutate()}
      />
    </div>
  );
}

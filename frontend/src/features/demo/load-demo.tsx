import { Button } from "@/components/ui/button";
import { Problem } from "@/components/ui/states";
import { useMayWrite } from "@/features/auth/session";
import { useLoadDemo } from "./queries";

/** Says what the button brings, beside it. */
export function DemoHint() {
  return useMayWrite() ? <> Or look around first, with two weeks of invented news.</> : null;
}

/** The button that fills an empty library with something to look around with; only for those who may. */
export function LoadDemo({ look = "secondary" }: { look?: "primary" | "secondary" }) {
  const mayWrite = useMayWrite();
  const load = useLoadDemo();
  if (!mayWrite) return null;
  return (
    <>
      <Button look={look} disabled={load.isPending} onClick={() => load.mutate()}>
        {load.isPending ? "Loading the demo" : "Load the demo"}
      </Button>
      {load.error && <Problem error={load.error} className="w-full text-left" />}
    </>
  );
}

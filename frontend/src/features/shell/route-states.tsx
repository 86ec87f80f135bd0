import { type ErrorComponentProps, Link, useRouter } from "@tanstack/react-router";
import { buttonClass } from "@/components/ui/button";
import { Empty, Problem } from "@/components/ui/states";
import { toProblem } from "@/lib/problem";

/** A screen that could not be opened. */
export function RouteProblem({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  // A chunk of an older build is gone after an upgrade; only a reload can fetch the new one.
  const stale = /dynamically imported module|module script/i.test(String(error));
  const retry = () => {
    if (stale) window.location.reload();
    reset();
    void router.invalidate();
  };
  return (
    <main className="measure mx-auto px-4 py-16">
      <Problem error={toProblem(error)} onRetry={retry} retryLabel={stale ? "Reload" : "Try again"} />
    </main>
  );
}

export function UnknownPage() {
  return (
    <main>
      <Empty
        title="There is no page at this address"
        action={
          <Link to="/search" className={buttonClass("primary")}>
            Go to search
          </Link>
        }
      >
        The link may be old, or a letter may be missing.
      </Empty>
    </main>
  );
}

import { useQuery } from "@tanstack/react-query";
import { versionGet } from "@/client";
import { Problem, Skeleton } from "@/components/ui/states";
import { safeLink } from "@/lib/format";

/** Which version runs, under which licence, and where its source code is. */
export function About() {
  const version = useQuery({
    queryKey: ["version"],
    queryFn: async ({ signal }) => (await versionGet({ signal })).data,
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (version.error) return <Problem error={version.error} onRetry={() => void version.refetch()} />;
  if (!version.data) return <Skeleton lines={2} />;
  const source = safeLink(version.data.source_url);
  return (
    <div className="text-sm">
      <p className="nums">Tidings {version.data.version}</p>
      <p className="mt-1 text-muted">
        Free software under {version.data.license}. Whoever uses this server over a network may have its
        source code.
      </p>
      <p className="mt-2 flex gap-4">
        {source && (
          <a href={source} target="_blank" rel="noopener noreferrer" className="link">
            Source code
          </a>
        )}
        <a href="/openapi.json" className="link">
          API description
        </a>
      </p>
    </div>
  );
}

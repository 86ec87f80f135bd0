import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { documentsList } from "@/client";
import { Problem, Skeleton } from "@/components/ui/states";
import { RowsProgress } from "@/features/library/tables/rows-progress";
import type { TidingsDocument } from "@/lib/api-types";
import { number } from "@/lib/format";
import { documentQuery } from "./queries";

const SHOWN = 20;

/** A table whose rows are documents: how many became of it, and the latest of them. */
export function TableRows({ document }: { document: TidingsDocument }) {
  const failed = (document.rows?.failed ?? 0) > 0;
  const rows = useQuery({
    queryKey: ["table-rows", document.id, document.rows?.added, failed],
    queryFn: async ({ signal }) => {
      const status = failed ? { status: ["failed" as const] } : {};
      return (await documentsList({ query: { parent_id: document.id, limit: SHOWN, ...status }, signal }))
        .data;
    },
  });
  return (
    <section aria-label="Rows">
      {document.rows && <RowsProgress rows={document.rows} status={document.status} />}
      {rows.error && <Problem error={rows.error} onRetry={() => void rows.refetch()} className="mt-3" />}
      {rows.isPending && <Skeleton lines={6} className="mt-4" />}
      {failed && <p className="mt-4 text-sm">These rows could not be read:</p>}
      <ul className="mt-3">
        {rows.data?.data.map((row) => (
          <li key={row.id} className="border-b border-rule py-2">
            <Link
              to="/documents/$documentId"
              params={{ documentId: row.id }}
              className="font-serif leading-snug font-semibold hover:underline"
            >
              {row.title}
            </Link>
            <span className="nums ml-2.5 text-xs text-muted">Row {number(row.row_number ?? 0)}</span>
            {row.error && <span className="block text-xs text-failure">{row.error.detail}</span>}
          </li>
        ))}
      </ul>
      {rows.data && (rows.data.total?.value ?? 0) > SHOWN && (
        <p className="mt-2 text-xs text-muted">
          The latest {SHOWN} of {number(rows.data.total?.value ?? 0)}. Search finds all of them.
        </p>
      )}
    </section>
  );
}

/** Where a row came from: "Row 17 of news.csv". */
export function RowOf({ document }: { document: TidingsDocument }) {
  const parent = useQuery({
    ...documentQuery(document.parent_id ?? ""),
    enabled: document.parent_id !== null,
    retry: false,
  });
  const name = parent.data?.title;
  return (
    <span>
      Row {number(document.row_number ?? 0)} of{" "}
      {name && document.parent_id ? (
        <Link to="/documents/$documentId" params={{ documentId: document.parent_id }} className="link">
          {name}
        </Link>
      ) : (
        "a table"
      )}
    </span>
  );
}

import { useNavigate } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { Button } from "@/components/ui/button";
import { Empty, Problem } from "@/components/ui/states";
import { Tooltip } from "@/components/ui/tooltip";
import { useMayWrite } from "@/features/auth/session";
import { useDropTaker } from "@/lib/drops";
import { useTitle } from "@/lib/use-title";
import { AddSource } from "./add/add-source";
import { useOpmlExport, useOpmlImport } from "./mutations";
import { useSources } from "./queries";
import { ListLoading, SourceList } from "./source-list";
import type { SourceFilters, SourcesParams, Way } from "./source-params";

/** Where the news comes from: what is crawled, how each source fares, and adding more. */
export function SourcesScreen({ params }: { params: SourcesParams }) {
  const { add, url, ...filters } = params;
  const navigate = useNavigate();
  const mayWrite = useMayWrite();
  const sources = useSources();
  const opml = useOpmlImport();
  const download = useOpmlExport();
  useTitle("Sources");
  const go = (search: SourcesParams, replace = false) =>
    void navigate({ to: "/sources", search, replace, resetScroll: false });
  const open = (way: Way) => go({ ...filters, add: way });
  const onFilters = (next: SourceFilters) => go(next, true);
  const close = () => {
    opml.reset();
    go(filters);
  };
  useDropTaker(
    "Drop an OPML file to import its feeds",
    (files) => {
      const file = files[0];
      if (!file) return;
      open("opml");
      opml.mutate(file);
    },
    mayWrite,
  );
  const { list, rows } = sources;
  return (
    <div className="mx-auto max-w-6xl px-4 pt-5 pb-24 md:px-8 md:pt-8">
      <div className="flex flex-wrap items-center gap-2">
        <h1 className="flex-1 font-serif text-2xl font-semibold tracking-tight">Sources</h1>
        {rows.length > 0 && (
          <Button look="quiet" onClick={() => download.mutate()} disabled={download.isPending}>
            Export OPML
          </Button>
        )}
        {mayWrite && (
          <Tooltip label="Add a source" command="sources.add">
            <Button look="primary" onClick={() => open("address")}>
              <Plus size={16} aria-hidden />
              Add source
            </Button>
          </Tooltip>
        )}
      </div>
      {download.error && <Problem error={download.error} className="mt-4" />}
      {list.isPending && <ListLoading />}
      {list.error && !list.data && (
        <Problem error={list.error} onRetry={() => void list.refetch()} className="mt-6" />
      )}
      {list.data && rows.length === 0 && <NoSources mayWrite={mayWrite} onAdd={open} />}
      {rows.length > 0 && <SourceList sources={sources} filters={filters} onFilters={onFilters} />}
      {add && mayWrite && (
        <AddSource way={add} url={url} rows={rows} opml={opml} onWay={open} onClose={close} />
      )}
    </div>
  );
}

function NoSources({ mayWrite, onAdd }: { mayWrite: boolean; onAdd: (way: Way) => void }) {
  if (!mayWrite) {
    return (
      <Empty title="No sources yet">
        An owner or editor can add sites and feeds, which Tidings then visits.
      </Empty>
    );
  }
  return (
    <Empty
      title="No sources yet"
      action={
        <>
          <Button look="primary" onClick={() => onAdd("address")}>
            Paste an address
          </Button>
          <Button onClick={() => onAdd("packs")}>Starter packs</Button>
          <Button onClick={() => onAdd("opml")}>Import OPML</Button>
        </>
      }
    >
      Paste the address of a site you read. Tidings finds its feeds, shows what they bring, and visits those
      you choose from then on.
    </Empty>
  );
}

import { useQuery } from "@tanstack/react-query";
import { ChevronRight } from "lucide-react";
import { sourcePacksList } from "@/client";
import { Button } from "@/components/ui/button";
import { Empty, Problem, Skeleton } from "@/components/ui/states";
import type { Pack } from "@/lib/api-types";
import { plural } from "@/lib/format";
import { useAddPack } from "../mutations";
import { ImportSummary } from "./import-summary";

/** Well-known feeds by field; what is inside shows before anything is added. */
export function PacksPanel({ onDone }: { onDone: () => void }) {
  const packs = useQuery({
    queryKey: ["source-packs"],
    queryFn: async ({ signal }) => (await sourcePacksList({ signal })).data,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const add = useAddPack();
  if (add.data) return <ImportSummary done={add.data} onDone={onDone} onAgain={add.reset} />;
  if (packs.error) return <Problem error={packs.error} onRetry={() => void packs.refetch()} />;
  if (!packs.data) return <Skeleton lines={6} />;
  if (packs.data.data.length === 0) {
    return <Empty title="No starter packs">This server has none. Paste an address instead.</Empty>;
  }
  return (
    <>
      {add.error && <Problem error={add.error} className="mb-4" />}
      <ul>
        {packs.data.data.map((pack) => (
          <PackRow
            key={pack.name}
            pack={pack}
            adding={add.isPending && add.variables === pack.name}
            disabled={add.isPending}
            onAdd={() => add.mutate(pack.name)}
          />
        ))}
      </ul>
    </>
  );
}

interface PackRowProps {
  pack: Pack;
  adding: boolean;
  disabled: boolean;
  onAdd: () => void;
}

function PackRow({ pack, adding, disabled, onAdd }: PackRowProps) {
  const words = adding ? "Adding" : `Add ${plural(pack.source_count, "source")}`;
  return (
    <li className="flex items-start gap-4 border-b border-rule py-3">
      <details className="group min-w-0 flex-1">
        <summary className="flex cursor-pointer list-none items-start gap-2 [&::-webkit-details-marker]:hidden">
          <ChevronRight size={14} className="mt-1 shrink-0 text-muted group-open:rotate-90" aria-hidden />
          <span className="min-w-0">
            <span className="block font-serif leading-snug font-semibold">{pack.title}</span>
            <span className="nums block text-xs text-muted group-open:hidden">
              {pack.titles.slice(0, 4).join(", ")}
              {pack.titles.length > 4 && ` and ${pack.titles.length - 4} more`}
            </span>
          </span>
        </summary>
        <ul className="mt-1.5 ml-5.5 columns-2 gap-6 text-xs text-muted max-sm:columns-1">
          {pack.titles.map((title) => (
            <li key={title} className="py-0.5">
              {title}
            </li>
          ))}
        </ul>
      </details>
      <Button size="small" onClick={onAdd} disabled={disabled} aria-label={`${words} of ${pack.title}`}>
        {words}
      </Button>
    </li>
  );
}

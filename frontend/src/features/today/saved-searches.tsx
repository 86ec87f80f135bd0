import { Link } from "@tanstack/react-router";
import { Pencil, Trash2 } from "lucide-react";
import { useState } from "react";
import { Confirm } from "@/components/ui/confirm";
import { Menu, MenuItem } from "@/components/ui/menu";
import { Problem, Skeleton } from "@/components/ui/states";
import type { SearchFilters } from "@/lib/api-types";
import { number } from "@/lib/format";
import { fromApiFilters } from "@/lib/search-params";
import { NameDialog } from "./name-dialog";
import { type SavedSearch, useChangeSaved, useDeleteSaved, useSavedSearches } from "./queries";

/** The searches this person keeps; how much is new in each since they looked. */
export function SavedSearches() {
  const saved = useSavedSearches();
  return (
    <section aria-labelledby="saved-title">
      <h2
        id="saved-title"
        className="border-b border-ink px-4 pb-1.5 font-serif text-sm font-semibold md:px-5 lg:px-0"
      >
        Saved searches
      </h2>
      {saved.isPending && <Skeleton lines={3} className="px-4 pt-4 md:px-5 lg:px-0" />}
      {saved.error && (
        <Problem
          error={saved.error}
          className="mx-4 mt-3 md:mx-5 lg:mx-0"
          onRetry={() => void saved.refetch()}
        />
      )}
      {saved.data?.data.length === 0 && (
        <p className="px-4 pt-3 text-sm text-muted md:px-5 lg:px-0">
          <Link to="/search" className="link">
            Search
          </Link>{" "}
          for what you follow and choose Save: what is new in it is counted here.
        </p>
      )}
      <ul>
        {saved.data?.data.map((each) => (
          <SavedRow key={each.id} saved={each} />
        ))}
      </ul>
    </section>
  );
}

function SavedRow({ saved }: { saved: SavedSearch }) {
  const { id, name, query, filters } = saved;
  const change = useChangeSaved();
  const remove = useDeleteSaved();
  const [layer, setLayer] = useState<"rename" | "delete" | null>(null);
  const fresh = saved.new;
  return (
    <li className="border-b border-rule">
      <div className="group relative flex items-center gap-2 px-4 py-1.5 md:px-5 lg:px-0 hover:bg-sunken has-[a:focus-visible]:outline-2 has-[a:focus-visible]:outline-accent">
        <Link
          to="/search"
          search={{
            ...(query && { q: query }),
            ...fromApiFilters(filters as SearchFilters),
            ...(fresh > 0 && { sort: "newest" as const }),
          }}
          onClick={() => change.mutate({ id, seen: true })}
          className="min-w-0 flex-1 outline-none after:absolute after:inset-0"
        >
          <span className="block truncate font-medium">{name}</span>
          {query && query !== name && <span className="block truncate text-xs text-muted">{query}</span>}
        </Link>
        <span className={fresh > 0 ? "nums text-sm font-semibold text-accent" : "nums text-sm text-muted"}>
          {fresh > 0 ? `${number(fresh)} new` : "nothing new"}
        </span>
        <span className="relative z-10">
          <Menu label={`More for “${name}”`}>
            <MenuItem icon={<Pencil size={14} aria-hidden />} onClick={() => setLayer("rename")}>
              Rename
            </MenuItem>
            <MenuItem icon={<Trash2 size={14} aria-hidden />} danger onClick={() => setLayer("delete")}>
              Delete
            </MenuItem>
          </Menu>
        </span>
      </div>
      {(change.error ?? remove.error) && (
        <Problem error={(change.error ?? remove.error) as Error} className="mx-4 mb-2 md:mx-5 lg:mx-0" />
      )}
      <NameDialog
        open={layer === "rename"}
        title="Rename the saved search"
        action="Rename"
        name={name}
        error={change.error}
        pending={change.isPending}
        onClose={() => setLayer(null)}
        onName={(next) => change.mutate({ id, name: next }, { onSuccess: () => setLayer(null) })}
      />
      <Confirm
        open={layer === "delete"}
        onOpenChange={() => setLayer(null)}
        title={`Delete “${name}”?`}
        consequence="Only the saved search goes; what it finds stays."
        action="Delete"
        onConfirm={() => remove.mutate(id)}
      />
    </li>
  );
}

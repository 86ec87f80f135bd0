import { activeFilters } from "@/features/search/filter-words";
import { readFilters, type SearchParams, toApiFilters } from "@/lib/search-params";
import { NameDialog } from "./name-dialog";
import { useSaveSearch } from "./queries";

/** Asks for the name to keep a search under. Loaded when somebody wants it. */
export default function SaveDialog({ params, onClose }: { params: SearchParams; onClose: () => void }) {
  const save = useSaveSearch(onClose);
  const filters = readFilters({ ...params });
  const words = activeFilters(filters).map(({ label }) => label);
  return (
    <NameDialog
      open
      title="Save this search"
      description="It stands on Today, with how much is new in it since you looked. Only you see it."
      action="Save"
      name={[params.q, ...words].filter(Boolean).join(", ").slice(0, 200)}
      error={save.error}
      pending={save.isPending}
      onClose={onClose}
      onName={(name) => save.mutate({ name, query: params.q ?? "", filters: toApiFilters(filters) })}
    />
  );
}

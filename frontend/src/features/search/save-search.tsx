import { Bookmark } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { Button } from "@/components/ui/button";
import { useCommand } from "@/lib/commands/commands";
import type { SearchParams } from "@/lib/search-params";

const SaveDialog = lazy(() => import("@/features/today/save-dialog"));

/** Keeps a search under a name; Today then counts what is new in it. */
export function SaveSearch({ params }: { params: SearchParams }) {
  const [open, setOpen] = useState(false);
  useCommand("search.save", () => setOpen(true));
  return (
    <>
      <Button look="quiet" size="small" className="-mr-2" onClick={() => setOpen(true)}>
        <Bookmark size={14} aria-hidden />
        Save
      </Button>
      <Suspense>{open && <SaveDialog params={params} onClose={() => setOpen(false)} />}</Suspense>
    </>
  );
}

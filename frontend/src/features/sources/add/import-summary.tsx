import { Button } from "@/components/ui/button";
import type { Imported } from "@/lib/api-types";
import { plural } from "@/lib/format";

interface ImportSummaryProps {
  done: Imported;
  onDone: () => void;
  onAgain: () => void;
}

/** What an import did: added, there already, refused with the reasons. */
export function ImportSummary({ done, onDone, onAgain }: ImportSummaryProps) {
  const { added, known_count: known, refused } = done;
  return (
    <div className="text-sm">
      <p className="font-serif text-lg font-semibold" role="status">
        {added.length > 0 ? `${plural(added.length, "source")} added` : "Nothing new was added"}
      </p>
      <p className="mt-1 text-muted">
        {[
          added.length > 0 && "Each is visited in its turn, the first within a minute.",
          known > 0 && `${plural(known, "feed")} ${known === 1 ? "was" : "were"} in your sources already.`,
          refused.length > 0 && `${plural(refused.length, "entry", "entries")} could not be added:`,
        ]
          .filter(Boolean)
          .join(" ")}
      </p>
      {refused.length > 0 && (
        <ul className="mt-3 border-t border-rule" aria-label="Refused">
          {refused.map(({ url, reason }) => (
            <li key={url} className="border-b border-rule py-2">
              <p className="truncate text-xs font-medium">{url}</p>
              <p className="text-xs text-failure">{reason}</p>
            </li>
          ))}
        </ul>
      )}
      <div className="mt-5 flex gap-2">
        <Button look="primary" onClick={onDone}>
          Show the sources
        </Button>
        <Button onClick={onAgain}>Add more</Button>
      </div>
    </div>
  );
}

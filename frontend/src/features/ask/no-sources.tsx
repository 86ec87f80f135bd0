import { Link } from "@tanstack/react-router";
import { Button, buttonClass } from "@/components/ui/button";
import type { SearchFilters } from "@/lib/api-types";

interface NoSourcesProps {
  question: string;
  /** Words of the question that nothing of what was found holds. */
  unsaid: readonly string[];
  /** Which values of the filters do not exist, and which do. */
  notice: string | undefined;
  narrowed: SearchFilters;
  onWithout: () => void;
}

/** The library holds nothing that answers this: says so instead of guessing, with the ways on. */
export function NoSources({ question, unsaid, notice, narrowed, onWithout }: NoSourcesProps) {
  const filtered = Object.values(narrowed).some((value) =>
    Array.isArray(value) ? value.length > 0 : value != null,
  );
  return (
    <div className="mt-4">
      <p className="font-serif text-lg">
        Not in your archive: nothing in {filtered ? "the chosen documents" : "your library"} answers this, so
        there is no answer.
      </p>
      {notice && <p className="mt-2 text-sm text-muted">{notice}</p>}
      {unsaid.length > 0 && (
        <p className="mt-2 text-sm text-muted">
          The nearest passages say nothing of {unsaid.map((word) => `“${word}”`).join(", ")}.
        </p>
      )}
      <div className="mt-4 flex flex-wrap gap-2">
        {filtered && (
          <Button look="primary" onClick={onWithout}>
            Ask all documents
          </Button>
        )}
        <Link to="/search" search={{ q: question }} className={buttonClass("secondary")}>
          Search for these words
        </Link>
        <Link to="/library" className={buttonClass("secondary")}>
          Add documents
        </Link>
      </div>
    </div>
  );
}

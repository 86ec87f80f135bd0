import { type FormEvent, useState } from "react";
import { Button } from "@/components/ui/button";
import { Problem } from "@/components/ui/states";
import type { Candidate, Discovery, NewsSource } from "@/lib/api-types";
import { plural } from "@/lib/format";
import { readSourceFields, SourceFields } from "../source-fields";
import { foldersOf } from "../source-params";
import { CandidateRow } from "./candidate-row";
import { useSubscribe } from "./use-discovery";

const mayChoose = (candidate: Candidate) => candidate.robots.allowed && candidate.source_id === null;

interface CandidatesProps {
  found: Discovery;
  rows: readonly NewsSource[];
  onDone: (added: NewsSource[]) => void;
}

/** What was found at an address, the most fitting chosen already. */
export function Candidates({ found, rows, onDone }: CandidatesProps) {
  const { candidates, notes } = found;
  const choosable = candidates.filter(mayChoose);
  // Somebody who has a source of this site already decides for himself which more he wants.
  const best = candidates.some((candidate) => candidate.source_id !== null) ? undefined : choosable[0];
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set(best ? [best.url] : []));
  const subscribe = useSubscribe();

  function toggle(url: string) {
    const next = new Set(chosen);
    if (!next.delete(url)) next.add(url);
    setChosen(next);
  }

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const fields = readSourceFields(new FormData(event.currentTarget));
    const wanted = candidates.filter(({ url }) => chosen.has(url));
    const { added, refused } = await subscribe.mutateAsync({ chosen: wanted, ...fields });
    // What worked is done; only what was refused stays ticked for another try.
    setChosen(new Set(refused.map(({ candidate }) => candidate.url)));
    if (refused.length === 0) onDone(added);
  }

  if (candidates.length === 0) return <NothingFound notes={notes} />;
  const refused = subscribe.data?.refused ?? [];
  return (
    <form onSubmit={(event) => void submit(event)} className="mt-5">
      <h3 className="flex items-baseline gap-2 border-b border-ink pb-1.5 font-serif text-sm font-semibold">
        Found
        <span className="nums font-sans text-xs font-normal text-muted">
          {plural(candidates.length, "source")}, the most fitting first
        </span>
      </h3>
      <ul>
        {candidates.map((candidate) => (
          <CandidateRow
            key={candidate.url}
            candidate={candidate}
            checked={chosen.has(candidate.url)}
            disabled={!mayChoose(candidate)}
            onToggle={() => toggle(candidate.url)}
          />
        ))}
      </ul>
      <Notes notes={notes} />
      {choosable.length > 0 ? (
        <div className="-mx-5 mt-5 -mb-5 space-y-4 border-t border-rule bg-surface px-5 py-4 sm:sticky sm:-bottom-5">
          {refused.map(({ candidate, error }) => (
            <div key={candidate.url}>
              <p className="mb-1 text-sm font-medium">{candidate.title} was refused</p>
              <Problem error={error} />
            </div>
          ))}
          <div className="grid items-end gap-4 sm:grid-cols-[1fr_auto]">
            <SourceFields folders={foldersOf(rows)} />
            <Button
              type="submit"
              look="primary"
              className="h-10!"
              disabled={chosen.size === 0 || subscribe.isPending}
            >
              {subscribe.isPending
                ? "Subscribing"
                : chosen.size > 1
                  ? `Subscribe to ${plural(chosen.size, "source")}`
                  : "Subscribe"}
            </Button>
          </div>
        </div>
      ) : (
        <p className="mt-4 text-sm text-muted">
          Nothing of this can be added: it is in your sources already, or the site does not allow it.
        </p>
      )}
    </form>
  );
}

function NothingFound({ notes }: { notes: readonly string[] }) {
  return (
    <div className="mt-6 text-sm">
      <p className="font-serif text-lg font-semibold">Nothing to subscribe to at this address</p>
      <Notes notes={notes} />
      <p className="mt-3 text-muted">
        Try the address of a section with a list of stories, or of the feed itself.
      </p>
    </div>
  );
}

/** What was tried and not found, in the server's sentences. */
function Notes({ notes }: { notes: readonly string[] }) {
  if (notes.length === 0) return null;
  return (
    <ul className="mt-3 space-y-1 text-xs text-muted" aria-label="Also tried">
      {notes.map((note) => (
        <li key={note}>{note}</li>
      ))}
    </ul>
  );
}

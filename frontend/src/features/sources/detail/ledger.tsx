import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Button } from "@/components/ui/button";
import { Empty, Problem, ProgressLine, Skeleton } from "@/components/ui/states";
import { cx } from "@/lib/cx";
import { number } from "@/lib/format";
import { useStalled } from "@/lib/use-debounced";
import { healthQuery, ledgerQuery } from "../queries";
import { type ItemState, STATES, stateOf } from "../words";
import { LedgerRow } from "./ledger-row";

interface LedgerProps {
  sourceId: string;
  state: ItemState | undefined;
  onState: (state: ItemState | undefined) => void;
}

/** Every URL a source showed and what became of it: each is in exactly one state. */
export function Ledger({ sourceId, state, onState }: LedgerProps) {
  const list = useInfiniteQuery(ledgerQuery(sourceId, state));
  const stalled = useStalled(list.isPlaceholderData);
  const rows = list.data?.pages.flatMap((page) => page.data) ?? [];
  const total = list.data?.pages[0]?.total?.value ?? rows.length;
  return (
    <section aria-labelledby="ledger-title">
      <div className="flex flex-wrap items-baseline gap-x-4 border-b border-ink pb-1.5">
        <h2 id="ledger-title" className="flex-1 font-serif text-sm font-semibold">
          Addresses it showed
        </h2>
        <p className="nums text-xs text-muted" role="status">
          {rows.length > 0 && `${number(rows.length)} of ${number(total)}`}
        </p>
      </div>
      <StateFilter sourceId={sourceId} state={state} onState={onState} />
      <ProgressLine active={stalled} />
      {list.error && <Problem error={list.error} onRetry={() => void list.refetch()} className="my-4" />}
      {list.isPending && <Skeleton lines={8} className="py-5" />}
      {list.data && rows.length === 0 && <NoRows state={state} onState={onState} />}
      <ol className={cx(stalled && "opacity-55")} aria-label="Addresses">
        {rows.map((item) => (
          <LedgerRow key={item.id} item={item} />
        ))}
      </ol>
      {list.hasNextPage && (
        <div className="py-6 text-center">
          <Button onClick={() => void list.fetchNextPage()} disabled={list.isFetchingNextPage}>
            {list.isFetchingNextPage ? "Loading" : "Load more addresses"}
          </Button>
        </div>
      )}
    </section>
  );
}

function StateFilter({ sourceId, state, onState }: LedgerProps) {
  const counts = useQuery(healthQuery(sourceId)).data?.counts ?? {};
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const choices = [
    { value: undefined, word: "All", meaning: "Every address.", count: all },
    ...STATES.filter((known) => (counts[known.state] ?? 0) > 0 || known.state === state).map((known) => ({
      value: known.state,
      word: known.word,
      meaning: known.meaning,
      count: counts[known.state] ?? 0,
    })),
  ];
  return (
    <div role="radiogroup" aria-label="State" className="flex flex-wrap gap-x-4 py-1.5 text-xs">
      {choices.map(({ value, word, meaning, count }) => (
        <label
          key={word}
          title={meaning}
          className={cx(
            "cursor-pointer py-1 has-[:focus-visible]:outline-2 has-[:focus-visible]:outline-accent pointer-coarse:py-2.5",
            state === value ? "font-semibold text-ink" : "text-muted hover:text-ink",
          )}
        >
          <input
            type="radio"
            name="ledger-state"
            className="sr-only"
            checked={state === value}
            onChange={() => onState(value)}
          />
          {word} <span className="nums font-normal text-muted">{number(count)}</span>
        </label>
      ))}
    </div>
  );
}

function NoRows({ state, onState }: Omit<LedgerProps, "sourceId">) {
  if (state) {
    return (
      <Empty
        title={`No address is in the state “${stateOf(state).word.toLowerCase()}”`}
        action={<Button onClick={() => onState(undefined)}>Show all addresses</Button>}
      />
    );
  }
  return (
    <Empty title="Nothing seen yet">After its first visit, every address it shows is listed here.</Empty>
  );
}

/** Which rows are chosen: some by themselves, or everything that the filter finds. */
import { useRef, useState } from "react";
import type { TidingsDocument } from "@/lib/api-types";

export interface Selection {
  ids: ReadonlySet<string>;
  /** Everything in the filter that was there before this moment, and how many that was. */
  everything: { at: string; count: number } | null;
  toggle: (id: string, range: boolean) => void;
  setShown: (chosen: boolean) => void;
  chooseEverything: (count: number) => void;
  clear: () => void;
}

/** Shift with a click chooses all rows between it and the one clicked before. Another filter chooses nothing. */
export function useSelection(rows: readonly TidingsDocument[], filter: string): Selection {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const [everything, setEverything] = useState<Selection["everything"]>(null);
  const [chosenIn, setChosenIn] = useState(filter);
  const last = useRef<string | null>(null);
  if (chosenIn !== filter) {
    setChosenIn(filter);
    setIds(new Set());
    setEverything(null);
  }

  function toggle(id: string, range: boolean): void {
    const want = !ids.has(id);
    const order = rows.map((row) => row.id);
    const [from, to] = [order.indexOf(last.current ?? id), order.indexOf(id)];
    const between = range && from >= 0 ? order.slice(Math.min(from, to), Math.max(from, to) + 1) : [id];
    const next = new Set(ids);
    for (const each of between) want ? next.add(each) : next.delete(each);
    last.current = id;
    setEverything(null);
    setIds(next);
  }

  return {
    ids,
    everything,
    toggle,
    setShown: (chosen) => {
      setEverything(null);
      setIds(new Set(chosen ? rows.map((row) => row.id) : []));
    },
    chooseEverything: (count) => {
      // The newest row is the first. Its time is the server's, whose clock may be another one.
      const newest = Date.parse(rows[0]?.first_seen_at ?? "");
      if (!Number.isNaN(newest)) setEverything({ at: new Date(newest + 1).toISOString(), count });
    },
    clear: () => {
      setEverything(null);
      setIds(new Set());
      last.current = null;
    },
  };
}

export const countSelected = ({ ids, everything }: Selection) => everything?.count ?? ids.size;

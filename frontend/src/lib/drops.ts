/** Who takes the files that are dropped on the page: the latest screen that offers to, else the library. */
import { useEffect, useRef } from "react";

export interface DropTaker {
  /** What the page says while files hang over it. */
  words: string;
  take: (files: FileList) => void;
}

const takers: DropTaker[] = [];

export const currentTaker = () => takers.at(-1);

/** Take dropped files while the component is on screen. */
export function useDropTaker(words: string, take: (files: FileList) => void, enabled = true): void {
  const latest = useRef(take);
  useEffect(() => {
    latest.current = take;
  });
  useEffect(() => {
    if (!enabled) return;
    const taker = { words, take: (files: FileList) => latest.current(files) };
    takers.push(taker);
    return () => {
      takers.splice(takers.indexOf(taker), 1);
    };
  }, [words, enabled]);
}

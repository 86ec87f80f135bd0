import { useEffect, useState } from "react";

/** `value`, once it has stood still for `milliseconds`. */
export function useDebounced<T>(value: T, milliseconds: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return settled;
}

/** True once `active` has lasted for `milliseconds`: what is faster shows no sign of loading. */
export function useStalled(active: boolean, milliseconds = 200): boolean {
  const [stalled, setStalled] = useState(false);
  useEffect(() => {
    if (!active) {
      setStalled(false);
      return;
    }
    const timer = setTimeout(() => setStalled(true), milliseconds);
    return () => clearTimeout(timer);
  }, [active, milliseconds]);
  return active && stalled;
}

import { useEffect, useState } from "react";
import { age, localTime, until, utcTime } from "@/lib/format";

/** A moment as its age, or with `ahead` as the time left until it; the exact local and UTC time on hover. */
export function Time({ at, label, ahead }: { at: string; label?: string; ahead?: boolean }) {
  useTick(60_000);
  return (
    <time
      dateTime={at}
      title={`${label ? `${label} ` : ""}${localTime(at)} (${utcTime(at)})`}
      className="whitespace-nowrap"
    >
      {ahead ? until(at) : age(at)}
    </time>
  );
}

function useTick(milliseconds: number): void {
  const [, setTick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTick((tick) => tick + 1), milliseconds);
    return () => clearInterval(timer);
  }, [milliseconds]);
}

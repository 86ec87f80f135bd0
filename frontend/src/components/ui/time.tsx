import { useEffect, useState } from "react";
import { age, localTime, utcTime } from "@/lib/format";

/** A moment as its age; the exact local and UTC time on hover. */
export function Time({ at, label }: { at: string; label?: string }) {
  useTick(60_000);
  return (
    <time
      dateTime={at}
      title={`${label ? `${label} ` : ""}${localTime(at)} (${utcTime(at)})`}
      className="whitespace-nowrap"
    >
      {age(at)}
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

import { useEffect, useRef } from "react";
import type { NewsSource } from "@/lib/api-types";
import { cx } from "@/lib/cx";
import { dayHeading, localTime, utcTime } from "@/lib/format";
import { type LogLine, shortAddress, type Tone } from "./log-lines";
import { useSourceLog } from "./use-source-log";

const TONES: Record<Tone, string> = {
  plain: "",
  quiet: "text-muted",
  good: "text-accent",
  warning: "text-warning",
  failure: "text-failure",
};
/** So close to the end counts as being there: the log then follows. */
const NEAR_END = 40;

/** What is done to the source, line by line, as it happens. */
export function LiveLog({ source }: { source: NewsSource }) {
  const { lines, connected } = useSourceLog(source.id);
  const running = source.status === "running";
  const region = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: new lines move the view.
  useEffect(() => {
    const box = region.current;
    if (box && follows.current) box.scrollTop = box.scrollHeight;
  }, [lines]);
  return (
    <section aria-labelledby="log-title">
      <div className="flex items-baseline gap-3 border-b border-ink pb-1.5">
        <h2 id="log-title" className="flex-1 font-serif text-sm font-semibold">
          Log
        </h2>
        <span className="flex items-center gap-2 text-xs text-muted">
          {connected === false ? (
            <span className="text-warning">Connection lost, trying again</span>
          ) : (
            running && (
              <>
                <span className="size-1.5 animate-pulse rounded-full bg-accent" aria-hidden />
                Live
              </>
            )
          )}
        </span>
      </div>
      <div
        ref={region}
        role="log"
        aria-label="Log of visits"
        aria-live={running ? "polite" : "off"}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a long log must scroll by keyboard.
        tabIndex={0}
        onScroll={({ currentTarget: box }) => {
          follows.current = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END;
        }}
        className="h-72 overflow-y-auto py-2 text-xs"
      >
        {lines.length === 0 ? (
          <p className="py-4 text-muted">
            {connected === null
              ? "Connecting"
              : running
                ? "The visit begins."
                : "No visit in the last 24 hours. “Crawl now” starts one."}
          </p>
        ) : (
          <ol>
            {lines.map((line, index) => (
              <Line
                key={line.id}
                line={line}
                home={source.url}
                first={line.jobId !== lines[index - 1]?.jobId}
              />
            ))}
          </ol>
        )}
      </div>
    </section>
  );
}

function Line({ line, first, home }: { line: LogLine; first: boolean; home: string }) {
  return (
    <li>
      {first && (
        <p className="nums mt-3 mb-1 border-b border-rule pb-0.5 text-muted first:mt-0">
          Visit of {dayHeading(line.at).toLowerCase()}, {line.time.slice(0, 5)}
        </p>
      )}
      <p className="flex gap-2 py-px leading-5">
        <time
          dateTime={line.at}
          title={`${localTime(line.at)} (${utcTime(line.at)})`}
          className="nums shrink-0 text-muted"
        >
          {line.time}
        </time>
        <span className="min-w-0 flex-1">
          <span className={cx("font-medium", TONES[line.tone])}>{line.word}</span>{" "}
          {line.url && (
            <a
              href={line.url}
              target="_blank"
              rel="noopener noreferrer"
              title={line.url}
              className="break-all hover:underline"
            >
              {shortAddress(line.url, home)}
            </a>
          )}{" "}
          <span className="nums text-muted">{line.facts}</span>
        </span>
      </p>
    </li>
  );
}

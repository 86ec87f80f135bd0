import { Link } from "@tanstack/react-router";
import { useId } from "react";
import { Time } from "@/components/ui/time";
import type { Candidate } from "@/lib/api-types";
import { cx } from "@/lib/cx";
import { number, safeLink } from "@/lib/format";
import { KIND_NAMES, volume } from "../words";

interface CandidateRowProps {
  candidate: Candidate;
  checked: boolean;
  disabled: boolean;
  onToggle: () => void;
}

/** One thing that can be subscribed to: what it is, how much it brings, whether it may be fetched, what it shows now. */
export function CandidateRow({ candidate, checked, disabled, onToggle }: CandidateRowProps) {
  const id = useId();
  const { robots, items, item_count: count } = candidate;
  return (
    <li className={cx("border-b border-rule py-3", checked && "bg-selected")}>
      <div className="flex items-start gap-3 px-2">
        <input
          id={id}
          type="checkbox"
          className="mt-1 size-4 shrink-0 accent-(--accent)"
          checked={checked}
          disabled={disabled}
          onChange={onToggle}
          aria-describedby={`${id}-facts`}
        />
        <div className="min-w-0 flex-1">
          <label htmlFor={id} className="block font-serif leading-snug font-semibold">
            {candidate.title || candidate.url}
          </label>
          <div id={`${id}-facts`} className="mt-0.5 text-xs">
            <p className="nums flex flex-wrap gap-x-2.5 text-muted">
              <span>{KIND_NAMES[candidate.kind]}</span>
              {count > 0 && (
                <>
                  <span>{volume(candidate.items_per_day)}</span>
                  <span>
                    {number(count)} {count === 1 ? "entry" : "entries"} now
                  </span>
                </>
              )}
              <span className="w-full truncate">{candidate.url}</span>
            </p>
            <p className={cx("mt-1", robots.allowed ? "text-muted" : "font-medium text-failure")}>
              {robots.detail}
              {robots.crawl_delay_seconds !== null &&
                ` It asks for ${number(robots.crawl_delay_seconds)} s between requests, which is kept.`}
            </p>
            {candidate.source_id && (
              <p className="mt-1 font-medium">
                In your sources already.{" "}
                <Link to="/sources/$sourceId" params={{ sourceId: candidate.source_id }} className="link">
                  Show it
                </Link>
              </p>
            )}
          </div>
          {items.length > 0 && <Latest items={items} />}
        </div>
      </div>
    </li>
  );
}

function Latest({ items }: { items: Candidate["items"] }) {
  return (
    <ul className="mt-2 space-y-0.5 border-l border-rule pl-3 text-xs" aria-label="Latest entries">
      {items.map((item) => {
        const link = safeLink(item.url);
        return (
          <li key={`${item.url} ${item.title}`} className="flex items-baseline gap-3">
            <span className="min-w-0 flex-1 truncate">
              {link ? (
                <a href={link} target="_blank" rel="noopener noreferrer" className="hover:underline">
                  {item.title || link}
                </a>
              ) : (
                item.title
              )}
            </span>
            <span className="nums shrink-0 text-muted">
              {item.published_at ? <Time at={item.published_at} label="Published" /> : "no date"}
            </span>
          </li>
        );
      })}
    </ul>
  );
}

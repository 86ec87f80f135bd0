import { Link } from "@tanstack/react-router";
import { ExternalLink } from "lucide-react";
import { Time } from "@/components/ui/time";
import { LIST_ROW } from "@/features/shell/use-list-keys";
import type { LedgerItem } from "@/lib/api-types";
import { cx } from "@/lib/cx";
import { safeLink } from "@/lib/format";
import { type ItemState, plainCode, stateOf } from "../words";

const CHIPS: Record<ItemState, string> = {
  new: "border-accent text-accent",
  pending: "border-edge text-muted",
  unchanged: "border-rule text-muted",
  duplicate: "border-rule text-muted",
  partial: "border-warning text-warning",
  refused: "border-warning text-warning",
  reserved: "border-warning text-warning",
  failed: "border-failure text-failure",
};

/** One address: what became of it and why, with the way to the document or to the original. */
export function LedgerRow({ item }: { item: LedgerItem }) {
  const original = safeLink(item.url);
  const known = stateOf(item.state);
  const why = item.detail ?? (item.reason ? plainCode(item.reason) : null);
  const titled = item.title !== item.url;
  const look = titled ? "font-serif font-semibold" : "text-sm";
  const title = "block leading-snug md:truncate outline-none after:absolute after:inset-0";
  return (
    <li className="group relative flex items-start gap-3 border-b border-rule py-2 hover:bg-sunken has-[a:focus-visible]:outline-2 has-[a:focus-visible]:-outline-offset-2 has-[a:focus-visible]:outline-accent">
      <span
        title={known.meaning}
        className={cx(
          "mt-0.5 w-20 shrink-0 rounded-sm border px-1.5 text-center text-xs leading-4.5",
          CHIPS[item.state],
        )}
      >
        {known.word}
      </span>
      <div className="min-w-0 flex-1">
        {item.document_id ? (
          <Link
            to="/documents/$documentId"
            params={{ documentId: item.document_id }}
            className={cx(title, look)}
            {...LIST_ROW}
          >
            {item.title}
          </Link>
        ) : (
          <a
            href={original ?? undefined}
            target="_blank"
            rel="noopener noreferrer"
            className={cx(title, look)}
            {...LIST_ROW}
          >
            {item.title}
          </a>
        )}
        <p className="nums mt-0.5 flex flex-wrap gap-x-2.5 text-xs text-muted">
          {item.published_at && (
            <span>
              published <Time at={item.published_at} label="Published" />
            </span>
          )}
          <span>
            seen <Time at={item.first_seen_at} label="First seen" />
          </span>
          {titled && <span className="min-w-0 max-w-full truncate">{item.url}</span>}
        </p>
        {why && <p className={cx("mt-0.5 text-xs", item.state === "failed" && "text-failure")}>{why}</p>}
      </div>
      {item.document_id && original && (
        <a
          href={original}
          target="_blank"
          rel="noopener noreferrer"
          aria-label={`Original of ${item.title}`}
          title="Open the original page"
          className="button button-quiet button-icon relative z-10 opacity-0 group-hover:opacity-100 focus-visible:opacity-100 pointer-coarse:opacity-100"
        >
          <ExternalLink size={14} aria-hidden />
        </a>
      )}
    </li>
  );
}

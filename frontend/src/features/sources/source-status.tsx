import { Popover } from "@base-ui/react/popover";
import type { NewsSource } from "@/lib/api-types";
import { cx } from "@/lib/cx";
import { STATUS_DOTS, STATUS_WORDS } from "./words";

/** A dot and a word for how a source fares; the sentence behind it on hover, focus or tap. */
export function SourceStatus({ source }: { source: NewsSource }) {
  const word = STATUS_WORDS[source.status];
  return (
    <Popover.Root>
      <Popover.Trigger
        openOnHover
        delay={300}
        aria-label={`${word}. ${source.status_detail}`}
        className="relative z-10 -mx-1.5 flex items-center gap-2 rounded px-1.5 py-0.5 text-xs whitespace-nowrap pointer-coarse:min-h-11"
      >
        <StatusDot status={source.status} />
        <span className={cx(source.status === "failing" && "text-failure")}>{word}</span>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner side="bottom" align="start" sideOffset={4} className="z-40">
          <Popover.Popup className="layer max-w-72 p-3 text-xs" initialFocus={false}>
            <Popover.Title className="text-sm font-semibold">{word}</Popover.Title>
            <Popover.Description className="mt-1">{source.status_detail}</Popover.Description>
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}

export function StatusDot({ status }: { status: NewsSource["status"] }) {
  return <span className={cx("block size-2 shrink-0 rounded-full", STATUS_DOTS[status])} aria-hidden />;
}

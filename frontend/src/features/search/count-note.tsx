import { Popover } from "@base-ui/react/popover";
import { Info } from "lucide-react";

/** What the numbers beside the filters count: on hover, focus or tap. */
export function CountNote({ query }: { query: string | undefined }) {
  return (
    <Popover.Root>
      <Popover.Trigger
        openOnHover
        delay={300}
        aria-label="What the numbers count"
        className="absolute top-2 -right-1 grid size-6 place-items-center rounded text-muted hover:text-ink pointer-coarse:-top-0.5 pointer-coarse:-right-3 pointer-coarse:size-11"
      >
        <Info size={14} aria-hidden />
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner side="bottom" align="end" sideOffset={4} className="z-50">
          <Popover.Popup className="layer w-64 p-3 text-xs" initialFocus={false}>
            <Popover.Title className="text-sm font-semibold">What the numbers count</Popover.Title>
            <Popover.Description className="mt-1 text-muted">
              Documents {query ? "that your query finds " : ""}with this value, under the filters of the other
              groups. Copies of a text count once.
            </Popover.Description>
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}

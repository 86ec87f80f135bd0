import { Popover } from "@base-ui/react/popover";
import type { Hit } from "@/lib/api-types";

const percentOf = (share: number) => `${Math.round(share * 100)} %`;

/** A quiet bar for how well a result fits, and on hover, focus or tap what it is made of. */
export function Relevance({ hit }: { hit: Hit }) {
  const percent = Math.round(Math.min(1, Math.max(0, hit.relevance)) * 100);
  const { dense, lexical, words, fused } = hit.explain;
  return (
    <Popover.Root>
      <Popover.Trigger
        openOnHover
        delay={300}
        aria-label={`Relevance ${percent} of 100. Show why.`}
        className="relative z-10 -m-2 flex h-8 items-center rounded p-2 pointer-coarse:h-11"
      >
        <span className="block h-1 w-9 overflow-hidden rounded-full bg-rule">
          <Bar percent={percent} />
        </span>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner side="bottom" align="end" sideOffset={4} className="z-40">
          <Popover.Popup className="layer w-64 p-3 text-xs" initialFocus={false}>
            <Popover.Title className="nums text-sm font-semibold">Relevance {percent} of 100</Popover.Title>
            <dl className="mt-2 space-y-1.5">
              <Part
                name="Meaning"
                value={dense === null ? "not used" : dense.toFixed(2)}
                note="how close in sense, at most 1"
              />
              <Part name="Words" value={percentOf(lexical)} note="of your words are in the passage" />
              <Part name="Weight" value={percentOf(words)} note="of what rare words can say here" />
              <Part name="Score" value={fused.toFixed(3)} note="meaning and weight, two to one: the order" />
            </dl>
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}

/** Drawn as SVG: a width in a style attribute would need a looser content policy. */
function Bar({ percent }: { percent: number }) {
  return (
    <svg
      className="block h-full w-full text-edge"
      viewBox="0 0 100 4"
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <rect width={percent} height="4" fill="currentColor" />
    </svg>
  );
}

function Part({ name, value, note }: { name: string; value: string; note: string }) {
  return (
    <div className="grid grid-cols-[1fr_auto]">
      <dt>
        {name}
        <span className="block text-muted">{note}</span>
      </dt>
      <dd className="nums font-medium">{value}</dd>
    </div>
  );
}

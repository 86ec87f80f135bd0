import { Tooltip as Base } from "@base-ui/react/tooltip";
import type { ReactElement } from "react";
import { type CommandId, commandOf } from "@/lib/commands/catalogue";
import { Keys } from "./keys";

interface TooltipProps {
  /** The control; it must carry its own accessible name. */
  children: ReactElement;
  label: string;
  command?: CommandId;
  side?: "top" | "right" | "bottom" | "left";
}

/** A label for a control, with the keys that do the same. */
export function Tooltip({ children, label, command, side = "bottom" }: TooltipProps) {
  const keys = command ? commandOf(command).keys[0] : undefined;
  return (
    <Base.Root>
      <Base.Trigger render={children} delay={400} />
      <Base.Portal>
        <Base.Positioner side={side} sideOffset={6} className="z-40">
          <Base.Popup className="layer flex items-center gap-2 px-2 py-1 text-xs">
            {label}
            {keys && <Keys keys={keys} />}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

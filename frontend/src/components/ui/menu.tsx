import { Menu as Base } from "@base-ui/react/menu";
import { Ellipsis } from "lucide-react";
import type { ReactNode } from "react";
import { cx } from "@/lib/cx";
import { buttonClass } from "./button";

/** The further things that can be done with one row or page. `label` names what they belong to. */
export function Menu({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Base.Root modal={false}>
      <Base.Trigger className={buttonClass("quiet", "icon")} aria-label={label}>
        <Ellipsis size={16} aria-hidden />
      </Base.Trigger>
      <Base.Portal>
        <Base.Positioner align="end" sideOffset={4} className="z-40">
          <Base.Popup className="layer min-w-44 p-1 text-sm outline-none">{children}</Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

export function MenuItem({
  icon,
  children,
  danger,
  onClick,
}: {
  icon: ReactNode;
  children: ReactNode;
  danger?: boolean;
  onClick: () => void;
}) {
  return (
    <Base.Item
      onClick={onClick}
      className={cx(
        "flex min-h-8 cursor-default items-center gap-2.5 rounded px-2.5 outline-none data-highlighted:bg-selected pointer-coarse:min-h-11",
        danger && "text-failure",
      )}
    >
      {icon}
      {children}
    </Base.Item>
  );
}

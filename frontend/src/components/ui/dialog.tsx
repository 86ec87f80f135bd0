import { Dialog as Base } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import type { ReactNode, RefObject } from "react";
import { cx } from "@/lib/cx";
import { buttonClass } from "./button";

interface DialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  description?: string;
  children: ReactNode;
  /** A sheet rises from the bottom edge: for phones, everything within reach of a thumb. */
  as?: "dialog" | "sheet";
  wide?: boolean;
  /** Stays in view below what scrolls. */
  footer?: ReactNode;
  /** What has the focus at first; else the first control. */
  initialFocus?: RefObject<HTMLElement | null>;
}

/** A modal layer with a title. Focus is held inside and returns to where it was. */
export function Dialog({
  open,
  onOpenChange,
  title,
  description,
  children,
  as = "dialog",
  wide,
  footer,
  initialFocus,
}: DialogProps) {
  const place =
    as === "sheet"
      ? "inset-x-0 bottom-0 max-h-[85dvh] rounded-b-none pb-[env(safe-area-inset-bottom)]"
      : cx(
          "top-[12dvh] left-1/2 max-h-[76dvh] w-[calc(100vw-2rem)] -translate-x-1/2",
          wide ? "max-w-2xl" : "max-w-md",
        );
  return (
    <Base.Root open={open} onOpenChange={onOpenChange}>
      <Base.Portal>
        <Base.Backdrop className="veil z-40" />
        <Base.Popup initialFocus={initialFocus} className={cx("layer fixed z-50 flex flex-col", place)}>
          <header className="flex items-start gap-4 px-5 pt-4 pb-3">
            <div className="min-w-0 flex-1">
              <Base.Title className="font-serif text-xl font-semibold">{title}</Base.Title>
              {description && (
                <Base.Description className="mt-1 text-sm text-muted">{description}</Base.Description>
              )}
            </div>
            <Base.Close className={buttonClass("quiet", "icon")} aria-label="Close">
              <X size={16} />
            </Base.Close>
          </header>
          <div className="min-h-0 flex-1 overflow-y-auto px-5 pb-5">{children}</div>
          {footer && <div className="border-t border-rule px-5 py-3">{footer}</div>}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

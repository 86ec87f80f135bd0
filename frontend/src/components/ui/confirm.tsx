import { AlertDialog as Base } from "@base-ui/react/alert-dialog";
import type { ReactNode } from "react";
import { Button, buttonClass } from "./button";

interface ConfirmProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  /** What happens next, and whether it can be undone. */
  consequence: string;
  action: string;
  /** What can be taken back does not look dangerous. */
  look?: "danger" | "primary";
  /** What can be chosen along with it. */
  children?: ReactNode;
  onConfirm: () => void;
}

/** Asks before something that cannot be undone. The safe choice has the focus. */
export function Confirm({
  open,
  onOpenChange,
  title,
  consequence,
  action,
  look = "danger",
  children,
  onConfirm,
}: ConfirmProps) {
  return (
    <Base.Root open={open} onOpenChange={onOpenChange}>
      <Base.Portal>
        <Base.Backdrop className="veil z-40" />
        <Base.Popup className="layer fixed top-[20dvh] left-1/2 z-50 w-[calc(100vw-2rem)] max-w-md -translate-x-1/2 p-5">
          <Base.Title className="font-serif text-xl font-semibold">{title}</Base.Title>
          <Base.Description className="mt-2 text-sm text-muted">{consequence}</Base.Description>
          {children}
          <div className="mt-5 flex justify-end gap-2">
            <Base.Close className={buttonClass("secondary")}>Cancel</Base.Close>
            <Button
              look={look}
              onClick={() => {
                onOpenChange(false);
                onConfirm();
              }}
            >
              {action}
            </Button>
          </div>
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

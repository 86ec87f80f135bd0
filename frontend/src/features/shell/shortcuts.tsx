import { Dialog } from "@/components/ui/dialog";
import { ShortcutList } from "./shortcut-list";

export default function Shortcuts({ onClose }: { onClose: () => void }) {
  return (
    <Dialog open onOpenChange={onClose} title="Keyboard shortcuts" wide>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long list must scroll by keyboard. */}
      <section tabIndex={0} aria-label="Shortcuts">
        <ShortcutList />
      </section>
    </Dialog>
  );
}

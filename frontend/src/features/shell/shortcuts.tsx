import { Dialog } from "@/components/ui/dialog";
import { ShortcutList } from "./shortcut-list";

export default function Shortcuts({ onClose }: { onClose: () => void }) {
  return (
    <Dialog open onOpenChange={onClose} title="Keyboard shortcuts" wide>
      <ShortcutList />
    </Dialog>
  );
}

import { Dialog } from "@base-ui/react/dialog";
import { useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, useId, useState } from "react";
import { Keys } from "@/components/ui/keys";
import { runCommand, useAvailableCommands } from "@/lib/commands/commands";
import { cx } from "@/lib/cx";
import { useTouch } from "@/lib/use-media";

interface Entry {
  id: string;
  title: string;
  keys: string | undefined;
  run: () => void;
}

/** Commands by name; any other words become a search or a question. Says nothing of keys where there is only a finger. */
export default function Palette({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState("");
  const [selected, setSelected] = useState(0);
  const listId = useId();
  const entries = useEntries(text.trim());
  const active = Math.min(selected, entries.length - 1);

  function choose(entry: Entry | undefined) {
    if (!entry) return;
    onClose();
    // The layer gives the focus back first; then the command may move it.
    setTimeout(entry.run);
  }

  function onKeyDown(event: KeyboardEvent) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      setSelected((active + step + entries.length) % entries.length);
    } else if (event.key === "Enter" && !event.nativeEvent.isComposing) {
      event.preventDefault();
      choose(entries[active]);
    }
  }

  return (
    <Dialog.Root open onOpenChange={onClose}>
      <Dialog.Portal>
        <Dialog.Backdrop className="veil z-40" />
        <Dialog.Popup
          className="layer fixed top-[14dvh] left-1/2 z-50 w-[calc(100vw-2rem)] max-w-xl -translate-x-1/2 overflow-hidden"
          aria-label="Command palette"
        >
          <input
            type="text"
            role="combobox"
            aria-expanded
            aria-controls={listId}
            aria-activedescendant={`${listId}-${active}`}
            aria-label="Type a command, a query or a question"
            placeholder="Type a command, a query or a question"
            className="h-12 w-full border-b border-rule bg-transparent px-4 outline-none"
            value={text}
            onChange={(event) => {
              setText(event.target.value);
              setSelected(0);
            }}
            onKeyDown={onKeyDown}
          />
          <div
            id={listId}
            role="listbox"
            aria-label="Commands"
            className="max-h-[50dvh] overflow-y-auto p-1.5"
          >
            {entries.map((entry, index) => (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are handled on the input, which keeps the focus.
              <div
                key={entry.id}
                id={`${listId}-${index}`}
                role="option"
                tabIndex={-1}
                aria-selected={index === active}
                onClick={() => choose(entry)}
                onPointerMove={() => setSelected(index)}
                className={cx(
                  "flex min-h-9 cursor-default items-center gap-3 rounded px-2.5 py-1.5 text-sm",
                  index === active && "bg-selected",
                )}
              >
                <span className="min-w-0 flex-1 truncate">{entry.title}</span>
                {entry.keys && <Keys keys={entry.keys} />}
              </div>
            ))}
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function useEntries(text: string): Entry[] {
  const navigate = useNavigate();
  const touch = useTouch();
  const commands = useAvailableCommands()
    .filter((command) => !command.keyboardOnly && !(touch && command.id === "help.shortcuts"))
    .filter((command) =>
      text
        .toLowerCase()
        .split(/\s+/)
        .every((word) => command.title.toLowerCase().includes(word)),
    )
    .map((command) => ({
      id: command.id,
      title: command.title,
      keys: touch ? undefined : command.keys[0],
      run: () => void runCommand(command.id),
    }));
  if (!text) return commands;
  return [
    ...commands,
    {
      id: "text.search",
      title: `Search for “${text}”`,
      keys: undefined,
      run: () => void navigate({ to: "/search", search: { q: text } }),
    },
    {
      id: "text.ask",
      title: `Ask “${text}”`,
      keys: undefined,
      run: () => void navigate({ to: "/ask", search: { q: text } }),
    },
  ];
}

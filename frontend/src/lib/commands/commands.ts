/** Which commands can run now, and the key listener that runs them. */
import { useEffect, useRef, useSyncExternalStore } from "react";
import { preferences } from "../preferences";
import { COMMANDS, type Command, type CommandId } from "./catalogue";

const handlers = new Map<CommandId, (() => void)[]>();
const listeners = new Set<() => void>();
let available: readonly Command[] = [];

function changed(): void {
  available = COMMANDS.filter((command) => (handlers.get(command.id)?.length ?? 0) > 0);
  for (const listener of listeners) listener();
}

/** Offer a command while the component is on screen. The latest to offer it runs; `enabled` is the command's "when". */
export function useCommand(id: CommandId, run: () => void, enabled = true): void {
  const latest = useRef(run);
  useEffect(() => {
    latest.current = run;
  });
  useEffect(() => {
    if (!enabled) return;
    const handler = () => latest.current();
    handlers.set(id, [...(handlers.get(id) ?? []), handler]);
    changed();
    return () => {
      handlers.set(id, handlers.get(id)?.filter((other) => other !== handler) ?? []);
      changed();
    };
  }, [id, enabled]);
}

export function useAvailableCommands(): readonly Command[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => available,
  );
}

/** Run a command if something on screen offers it. */
export function runCommand(id: CommandId): boolean {
  const handler = handlers.get(id)?.at(-1);
  handler?.();
  return handler !== undefined;
}

const SEQUENCE_MS = 1_000;
// Enter and Escape keep what the browser and the layers do with them; the catalogue lists them for people.
const NATIVE = new Set(["Enter", "Escape"]);

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

/** Listen for the catalogue's keys on the whole page. Returns the function that stops it. */
export function listenForKeys(): () => void {
  let prefix = "";
  let prefixAt = 0;

  function onKeyDown(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.isComposing || event.altKey || NATIVE.has(event.key)) return;
    const modified = event.ctrlKey || event.metaKey;
    if (!modified && (isTyping(event.target) || !preferences().singleKeys)) return;
    if (!modified && document.querySelector("[role=dialog], [role=alertdialog]")) return;
    const fresh = event.timeStamp - prefixAt < SEQUENCE_MS;
    const key = modified ? `mod+${event.key.toLowerCase()}` : event.key;
    const typed = prefix && fresh && !modified ? `${prefix} ${key}` : key;
    prefix = "";
    const command = available.find((candidate) => candidate.keys.includes(typed));
    if (command) {
      event.preventDefault();
      runCommand(command.id);
    } else if (
      !modified &&
      available.some((candidate) => candidate.keys.some((keys) => keys.startsWith(`${key} `)))
    ) {
      prefix = key;
      prefixAt = event.timeStamp;
    }
  }

  document.addEventListener("keydown", onKeyDown);
  return () => document.removeEventListener("keydown", onKeyDown);
}

/** Every command of the interface: the palette, the key listener, tooltips, the help overlay and the settings read this. */

export interface Command {
  id: CommandId;
  title: string;
  group: "Go to" | "Search" | "Reading" | "Library" | "Sources" | "Help";
  /** Keys as typed: "g s" is a sequence, "mod+k" is Ctrl or Cmd with K. */
  keys: string[];
  /** Only useful with the keyboard, so the palette does not list it. */
  keyboardOnly?: boolean;
}

const define = <
  const T extends readonly {
    id: string;
    title: string;
    group: Command["group"];
    keys: string[];
    keyboardOnly?: boolean;
  }[],
>(
  commands: T,
) => commands;

const COMMANDS_AS_DEFINED = define([
  { id: "go.today", title: "Go to today", group: "Go to", keys: ["g t"] },
  { id: "go.search", title: "Go to search", group: "Go to", keys: ["g s"] },
  { id: "go.ask", title: "Go to ask", group: "Go to", keys: ["g a"] },
  { id: "go.library", title: "Go to library", group: "Go to", keys: ["g l"] },
  { id: "go.sources", title: "Go to sources", group: "Go to", keys: ["g f"] },
  { id: "go.settings", title: "Go to settings", group: "Go to", keys: ["g ,"] },
  { id: "search.focus", title: "Write a query or question", group: "Search", keys: ["/"] },
  { id: "search.filters", title: "Go to the filters", group: "Search", keys: ["f"] },
  { id: "search.clear", title: "Remove all filters", group: "Search", keys: [] },
  { id: "search.save", title: "Save this search", group: "Search", keys: ["s"] },
  { id: "search.ask", title: "Ask this query as a question", group: "Search", keys: ["a"] },
  { id: "list.next", title: "Next item", group: "Reading", keys: ["j"], keyboardOnly: true },
  { id: "list.previous", title: "Previous item", group: "Reading", keys: ["k"], keyboardOnly: true },
  { id: "list.open", title: "Open item", group: "Reading", keys: ["Enter", "o"], keyboardOnly: true },
  { id: "reader.original", title: "Open the original page", group: "Reading", keys: ["v"] },
  { id: "reader.view", title: "Switch between page and text", group: "Reading", keys: ["t"] },
  { id: "page.previous", title: "Previous page", group: "Reading", keys: [","], keyboardOnly: true },
  { id: "page.next", title: "Next page", group: "Reading", keys: ["."], keyboardOnly: true },
  { id: "page.zoom", title: "Zoom into the page", group: "Reading", keys: ["z"], keyboardOnly: true },
  { id: "citation.previous", title: "Previous citation", group: "Reading", keys: ["["], keyboardOnly: true },
  { id: "citation.next", title: "Next citation", group: "Reading", keys: ["]"], keyboardOnly: true },
  { id: "library.upload", title: "Add files", group: "Library", keys: ["u"] },
  { id: "sources.add", title: "Add a source", group: "Sources", keys: ["+"] },
  { id: "sources.opml", title: "Import sources from an OPML file", group: "Sources", keys: [] },
  { id: "sources.run", title: "Crawl this source now", group: "Sources", keys: ["r"], keyboardOnly: true },
  {
    id: "sources.pause",
    title: "Pause or resume this source",
    group: "Sources",
    keys: ["p"],
    keyboardOnly: true,
  },
  {
    id: "help.palette",
    title: "Open the command palette",
    group: "Help",
    keys: ["mod+k"],
    keyboardOnly: true,
  },
  { id: "help.shortcuts", title: "Show keyboard shortcuts", group: "Help", keys: ["?"] },
  { id: "help.theme", title: "Switch between light and dark", group: "Help", keys: [] },
  {
    id: "layer.close",
    title: "Close the topmost layer",
    group: "Help",
    keys: ["Escape"],
    keyboardOnly: true,
  },
]);

export type CommandId = (typeof COMMANDS_AS_DEFINED)[number]["id"];

export const COMMANDS: readonly Command[] = COMMANDS_AS_DEFINED;

const byId = new Map(COMMANDS.map((command) => [command.id, command]));

export function commandOf(id: CommandId): Command {
  const command = byId.get(id);
  if (!command) throw new Error(`Unknown command ${id}`);
  return command;
}

const onMac = /Mac|iPhone|iPad/.test(navigator.platform);
const SHOWN: Record<string, string> = { mod: onMac ? "\u2318" : "Ctrl", Escape: "Esc", Enter: "Enter" };

/** The key caps of one binding: "mod+k" gives ["Ctrl", "K"], "g s" gives ["G", "S"]. */
export function keyCaps(keys: string): string[] {
  if (keys === "+") return ["+"];
  return keys.split(/[ +]/).map((key) => SHOWN[key] ?? (key.length === 1 ? key.toUpperCase() : key));
}

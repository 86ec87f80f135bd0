import { useCommand } from "@/lib/commands/commands";

function step(by: 1 | -1): void {
  const chips = [...document.querySelectorAll<HTMLElement>("#main [data-citation]")];
  if (chips.length === 0) return;
  const at = chips.indexOf(document.activeElement as HTMLElement);
  const next = at < 0 ? (by === 1 ? 0 : chips.length - 1) : (at + by + chips.length) % chips.length;
  chips[next]?.focus();
  chips[next]?.scrollIntoView({ block: "nearest" });
}

/** [ and ] walk over the citations of the answer. */
export function useCitationKeys(): void {
  useCommand("citation.next", () => step(1));
  useCommand("citation.previous", () => step(-1));
}

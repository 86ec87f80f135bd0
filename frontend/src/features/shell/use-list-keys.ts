import { useCommand } from "@/lib/commands/commands";

/** Rows that j and k walk over carry this attribute on the element that takes the focus. */
export const LIST_ROW = { "data-list-row": "" };

const rows = () => [...document.querySelectorAll<HTMLElement>("#main [data-list-row]")];

function move(step: 1 | -1): void {
  const all = rows();
  const current = all.findIndex((row) => row === document.activeElement || row.hasAttribute("data-selected"));
  const focused = all.indexOf(document.activeElement as HTMLElement);
  const from = focused >= 0 ? focused : current;
  const next = from < 0 ? all[0] : all[from + step];
  next?.focus({ preventScroll: true });
  next?.scrollIntoView({ block: "nearest" });
}

/** j, k and o on whatever list the screen shows. */
export function useListKeys(): void {
  useCommand("list.next", () => move(1));
  useCommand("list.previous", () => move(-1));
  useCommand("list.open", () => {
    const active = document.activeElement;
    if (active instanceof HTMLElement && active.hasAttribute("data-list-row")) active.click();
    else rows()[0]?.click();
  });
}

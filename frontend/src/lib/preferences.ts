/** What a person chose for this browser: theme, single-key shortcuts, how answers and PDFs are shown. Kept in localStorage, read by public/theme.js. */
import { useSyncExternalStore } from "react";

export interface Preferences {
  theme: "system" | "light" | "dark";
  singleKeys: boolean;
  /** Answers are quotes also where a language model could write them. */
  quotesOnly: boolean;
  /** Whether a PDF opens as pictures of its pages or as text. */
  pdfView: "page" | "text";
}

const KEY = "tidings.preferences";
const DEFAULTS: Preferences = { theme: "system", singleKeys: true, quotesOnly: false, pdfView: "page" };
const listeners = new Set<() => void>();
let current = load();

function load(): Preferences {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return { ...DEFAULTS, ...(stored as Partial<Preferences>) };
  } catch {
    return DEFAULTS;
  }
}

export const preferences = () => current;

export function setPreferences(change: Partial<Preferences>): void {
  current = { ...current, ...change };
  try {
    localStorage.setItem(KEY, JSON.stringify(current));
  } catch {
    // Storage may be blocked; the choice then lasts until the page is closed.
  }
  applyTheme();
  for (const listener of listeners) listener();
}

export function usePreferences(): Preferences {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
}

const systemDark = matchMedia("(prefers-color-scheme: dark)");

function applyTheme(): void {
  const dark = current.theme === "dark" || (current.theme === "system" && systemDark.matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
}

systemDark.addEventListener("change", applyTheme);

/** One polite live region for the whole page: `announce` says a short sentence to screen readers. */
let region: HTMLElement | null = null;

export function setAnnouncer(element: HTMLElement | null): void {
  region = element;
}

export function announce(sentence: string): void {
  if (!region) return;
  // The same sentence twice must be read twice: an emptied region is a change.
  region.textContent = "";
  setTimeout(() => {
    if (region) region.textContent = sentence;
  }, 50);
}

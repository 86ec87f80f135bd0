import { useSyncExternalStore } from "react";

/** Whether a media query holds now. */
export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (listener) => {
      const media = matchMedia(query);
      media.addEventListener("change", listener);
      return () => media.removeEventListener("change", listener);
    },
    () => matchMedia(query).matches,
  );
}

/** Room for a third column: results beside the reader. Must equal the xl breakpoint of the styles. */
export const useWide = () => useMedia("(min-width: 80rem)");

/** No pointer that can hover: what opens on hover must open on tap. */
export const useTouch = () => useMedia("(hover: none)");

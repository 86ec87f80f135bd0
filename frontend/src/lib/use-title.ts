import { useEffect } from "react";

/** Name the browser tab. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} - Tidings`;
  }, [title]);
}

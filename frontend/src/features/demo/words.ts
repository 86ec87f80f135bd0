import type { Demo } from "@/lib/api-types";
import { number, plural } from "@/lib/format";

/** Where the demo stands, in one sentence. */
export function standing({ loaded, ready, working, failed, pack_size }: Demo): string {
  if (!loaded) return "Not loaded.";
  const submitted = ready + working + failed;
  if (working > 0) return `${number(submitted - working)} of ${plural(submitted, "document")} read.`;
  const missing = pack_size - ready;
  const rest = missing > 0 ? ` ${plural(missing, "other")} could not be read.` : "";
  return `${plural(ready, "document")} of invented news from a region that does not exist.${rest}`;
}

/** How much of it is read, 0 to 1. */
export function progress({ ready, working, failed }: Demo): number {
  const submitted = ready + working + failed;
  return submitted === 0 ? 0 : (submitted - working) / submitted;
}

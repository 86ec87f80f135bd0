import type { Answer } from "@/lib/api-types";
import { plural } from "@/lib/format";

interface Claims {
  supported: number;
  partly: number;
  unsupported: number;
}

interface ClaimsStripProps {
  usage: Answer["usage"] | undefined;
  /** Whether the sentences are quotes, and not the language model's. */
  quotes: boolean;
}

/** How the sentences were checked: quotes are what they quote, written ones were compared with the passages they cite. */
export function ClaimsStrip({ usage, quotes }: ClaimsStripProps) {
  const claims = usage?.claims as Claims | undefined;
  if (!claims || claims.supported + claims.partly + claims.unsupported === 0) return null;
  if (quotes) {
    return claims.supported === 0 ? null : (
      <p className="nums mt-5 text-xs text-muted">
        {plural(claims.supported, "quote")}, word for word; the number after each opens it where it stands.
      </p>
    );
  }
  const parts = [
    { name: "in its source", count: claims.supported, colour: "bg-accent" },
    { name: "only partly", count: claims.partly, colour: "bg-warning" },
    { name: "not there, so left out", count: claims.unsupported, colour: "bg-failure" },
  ].filter(({ name, count }) => count > 0 || name === "in its source");
  return (
    <div className="mt-5">
      <div className="flex h-1 gap-px" aria-hidden>
        {parts.map(({ name, count, colour }) => (
          <span key={name} className={colour} style={{ flexGrow: count }} />
        ))}
      </div>
      <p className="nums mt-1.5 flex flex-wrap gap-x-4 text-xs text-muted">
        <span>Each sentence was compared with the source it names:</span>
        {parts.map(({ name, count, colour }) => (
          <span key={name} className="flex items-center gap-1.5">
            <span className={`size-2 rounded-full ${colour}`} aria-hidden />
            {count} {name}
          </span>
        ))}
      </p>
    </div>
  );
}

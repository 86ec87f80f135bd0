import { keyCaps } from "@/lib/commands/catalogue";

/** Key caps of one binding, such as "mod+k" or "g s". */
export function Keys({ keys }: { keys: string }) {
  return (
    <span className="inline-flex shrink-0 gap-1">
      {keyCaps(keys).map((cap) => (
        <kbd
          key={cap}
          className="nums inline-flex h-5 min-w-5 items-center justify-center rounded-sm border border-rule bg-sunken px-1 font-sans text-xs text-muted"
        >
          {cap}
        </kbd>
      ))}
    </span>
  );
}

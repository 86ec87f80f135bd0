import { Search, X } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { Keys } from "@/components/ui/keys";
import { useCommand } from "@/lib/commands/commands";
import { useDebounced } from "@/lib/use-debounced";

const DEBOUNCE_MS = 120;

/** The query box. Typing searches by itself; the address follows. */
export function SearchBox({ query, onQuery }: { query: string; onQuery: (query: string) => void }) {
  const [text, setText] = useState(query);
  const input = useRef<HTMLInputElement>(null);
  const sent = useRef(query);
  const settled = useDebounced(text, DEBOUNCE_MS);

  useEffect(() => {
    if (settled.trim() === sent.current.trim()) return;
    sent.current = settled;
    onQuery(settled.trim());
  }, [settled, onQuery]);

  // The address changed by other means: back, a link, the palette.
  useEffect(() => {
    if (query === sent.current.trim()) return;
    sent.current = query;
    setText(query);
  }, [query]);

  useCommand("search.focus", () => {
    input.current?.focus();
    input.current?.select();
  });

  return (
    <search className="relative flex-1">
      <Search
        size={16}
        className="pointer-events-none absolute top-1/2 left-3 -translate-y-1/2 text-muted"
        aria-hidden
      />
      <input
        ref={input}
        type="search"
        enterKeyHint="search"
        aria-label="Search news and documents"
        placeholder="Search news and documents"
        autoComplete="off"
        spellCheck={false}
        className="field peer px-9"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") {
            // A search field would empty itself; here Esc only leaves it.
            event.preventDefault();
            event.currentTarget.blur();
          }
          if (event.key === "ArrowDown")
            document.querySelector<HTMLElement>("#main [data-list-row]")?.focus();
        }}
      />
      <span
        className="absolute top-1/2 right-2 -translate-y-1/2 peer-focus:hidden max-md:hidden"
        hidden={text !== ""}
      >
        <Keys keys="/" />
      </span>
      {text !== "" && (
        <Button
          look="quiet"
          size="icon"
          className="absolute top-1/2 right-1 -translate-y-1/2"
          aria-label="Clear the query"
          onClick={() => {
            setText("");
            input.current?.focus();
          }}
        >
          <X size={16} />
        </Button>
      )}
    </search>
  );
}

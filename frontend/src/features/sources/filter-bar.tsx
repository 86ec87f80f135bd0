import { X } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import type { NewsSource } from "@/lib/api-types";
import { useCommand } from "@/lib/commands/commands";
import { number } from "@/lib/format";
import { useDebounced } from "@/lib/use-debounced";
import { countBy, isFiltered, type SourceFilters } from "./source-params";
import { KIND_NAMES, KINDS } from "./words";

const DEBOUNCE_MS = 120;

interface FilterBarProps {
  rows: readonly NewsSource[];
  filters: SourceFilters;
  onFilters: (filters: SourceFilters) => void;
}

/** What narrows the list: words, folder, kind, paused or not; each choice with its count. */
export function FilterBar({ rows, filters, onFilters }: FilterBarProps) {
  const { folder, kind, paused } = filters;
  const first = useRef<HTMLSelectElement>(null);
  useCommand("search.filters", () => first.current?.focus());
  const folders = [...countBy(rows, filters, "folder")]
    .filter((entry): entry is [string, number] => entry[0] !== null)
    .sort(([a], [b]) => a.localeCompare(b));
  const kinds = countBy(rows, filters, "kind");
  const states = countBy(rows, filters, "paused");
  return (
    <search className="mt-5 flex flex-wrap items-center gap-2">
      <Words words={filters.q ?? ""} onWords={(q) => onFilters({ ...filters, q: q || undefined })} />
      <select
        ref={first}
        aria-label="Folder"
        className="field field-small w-auto! max-w-48"
        value={folder ?? ""}
        onChange={(event) => onFilters({ ...filters, folder: event.target.value || undefined })}
      >
        <option value="">All folders</option>
        {folder && !folders.some(([name]) => name === folder) && <option value={folder}>{folder} (0)</option>}
        {folders.map(([name, count]) => (
          <option key={name} value={name}>
            {name} ({number(count)})
          </option>
        ))}
      </select>
      <select
        aria-label="Kind"
        className="field field-small w-auto!"
        value={kind ?? ""}
        onChange={(event) =>
          onFilters({ ...filters, kind: KINDS.find((name) => name === event.target.value) })
        }
      >
        <option value="">All kinds</option>
        {KINDS.filter((name) => kinds.has(name) || name === kind).map((name) => (
          <option key={name} value={name}>
            {KIND_NAMES[name]} ({number(kinds.get(name) ?? 0)})
          </option>
        ))}
      </select>
      <select
        aria-label="Paused or not"
        className="field field-small w-auto!"
        value={paused === undefined ? "" : String(paused)}
        onChange={(event) =>
          onFilters({ ...filters, paused: { true: true, false: false }[event.target.value] })
        }
      >
        <option value="">Paused or not</option>
        <option value="false">Not paused ({number(states.get(false) ?? 0)})</option>
        <option value="true">Paused ({number(states.get(true) ?? 0)})</option>
      </select>
      {isFiltered(filters) && (
        <Button look="quiet" size="small" onClick={() => onFilters({})}>
          <X size={14} aria-hidden />
          Remove filters
        </Button>
      )}
    </search>
  );
}

function Words({ words, onWords }: { words: string; onWords: (words: string) => void }) {
  const [text, setText] = useState(words);
  const input = useRef<HTMLInputElement>(null);
  const sent = useRef(words);
  const settled = useDebounced(text, DEBOUNCE_MS).trim();
  useEffect(() => {
    if (settled === sent.current) return;
    sent.current = settled;
    onWords(settled);
  }, [settled, onWords]);
  // The address changed by other means: back, a link, "Remove filters".
  useEffect(() => {
    if (words === sent.current) return;
    sent.current = words;
    setText(words);
  }, [words]);
  useCommand("search.focus", () => {
    input.current?.focus();
    input.current?.select();
  });
  return (
    <input
      ref={input}
      type="search"
      aria-label="Words of the title or address"
      placeholder="Words of the title or address"
      autoComplete="off"
      spellCheck={false}
      className="field field-small max-w-72 min-w-40 flex-1"
      value={text}
      onChange={(event) => setText(event.target.value)}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.preventDefault();
        event.currentTarget.blur();
      }}
    />
  );
}

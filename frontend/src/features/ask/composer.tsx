import { useNavigate } from "@tanstack/react-router";
import { ArrowUp, SlidersHorizontal, Square } from "lucide-react";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Tooltip } from "@/components/ui/tooltip";
import { FilterChips } from "@/features/search/filter-chips";
import { FilterColumn } from "@/features/search/filter-column";
import { useCommand } from "@/lib/commands/commands";
import { setPreferences, usePreferences } from "@/lib/preferences";
import { countFilters, type FilterParams } from "@/lib/search-params";
import { useQuestionParts } from "./use-question-parts";

interface ComposerProps {
  draft: string | undefined;
  filters: FilterParams;
  busy: boolean;
  placeholder: string;
  onAsk: (question: string) => void;
  onStop: () => void;
  /** Whether a language model is there, so that one may choose. */
  connected: boolean;
  /** Begins a thread; absent where the next question does anyway. */
  onNew: (() => void) | undefined;
}

/** Where a question is written, and what part of the library it is asked of. Enter asks, Shift+Enter breaks the line. */
export function Composer({
  draft,
  filters,
  busy,
  placeholder,
  onAsk,
  onStop,
  connected,
  onNew,
}: ComposerProps) {
  const navigate = useNavigate();
  const [text, setText] = useState(draft ?? "");
  const [sheet, setSheet] = useState(false);
  const input = useRef<HTMLTextAreaElement>(null);
  const parts = useQuestionParts(text);
  useCommand("search.focus", () => input.current?.focus());
  useEffect(() => setText(draft ?? ""), [draft]);

  const onFilters = (next: FilterParams) =>
    void navigate({
      to: ".",
      search: (old: { q?: string }) => ({ ...(old.q && { q: old.q }), ...next }),
      replace: true,
    });

  function submit() {
    const question = text.trim();
    if (!question) return;
    setText("");
    onAsk(question);
  }
  function onKeyDown(event: KeyboardEvent<HTMLTextAreaElement>) {
    if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
      event.preventDefault();
      submit();
    }
    if (event.key === "Escape") event.currentTarget.blur();
  }

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <div className="rounded border border-edge bg-surface focus-within:border-accent focus-within:outline-2 focus-within:-outline-offset-1 focus-within:outline-accent">
        <textarea
          ref={input}
          aria-label="Your question"
          placeholder={placeholder}
          rows={1}
          className="field-sizing-content block max-h-40 w-full resize-none bg-transparent px-3.5 pt-2.5 pb-1 outline-none pointer-coarse:text-lg"
          value={text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKeyDown}
        />
        <div className="px-3 pb-1.5 empty:hidden">
          <FilterChips filters={filters} parts={parts} onFilters={onFilters} onQuery={setText} />
        </div>
        <div className="flex flex-wrap items-center justify-end gap-x-2 px-2 pb-2">
          <Button look="quiet" size="small" onClick={() => setSheet(true)}>
            <SlidersHorizontal size={14} aria-hidden />
            {countFilters(filters) > 0 ? "Scope" : "All documents"}
          </Button>
          <span className="flex-1" />
          {connected && <QuotesOnly />}
          {onNew && (
            <Button look="quiet" size="small" onClick={onNew}>
              New question
            </Button>
          )}
          {busy ? (
            <Button look="secondary" size="small" onClick={onStop}>
              <Square size={12} aria-hidden />
              Stop
            </Button>
          ) : (
            <Tooltip label="Ask (Enter)">
              <Button type="submit" look="primary" size="icon" aria-label="Ask" disabled={text.trim() === ""}>
                <ArrowUp size={16} />
              </Button>
            </Tooltip>
          )}
        </div>
      </div>
      <Dialog open={sheet} onOpenChange={setSheet} title="Ask only these documents">
        <FilterColumn filters={filters} onFilters={onFilters} />
      </Dialog>
    </form>
  );
}

/** Whether the sources are quoted, or the model writes from them. */
function QuotesOnly() {
  const { quotesOnly } = usePreferences();
  return (
    <label className="flex items-center gap-1.5 text-xs whitespace-nowrap text-muted">
      <input
        type="checkbox"
        checked={quotesOnly}
        onChange={(event) => setPreferences({ quotesOnly: event.target.checked })}
      />
      Quotes only
    </label>
  );
}

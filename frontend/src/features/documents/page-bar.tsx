import { ChevronLeft, ChevronRight, ZoomIn, ZoomOut } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Tooltip } from "@/components/ui/tooltip";
import { cx } from "@/lib/cx";
import { pageNumber } from "./page-places";

export type View = "page" | "text";

/** Chooses between pictures of the pages and the text. */
export function ViewSwitch({ view, onView }: { view: View; onView: (view: View) => void }) {
  return (
    <fieldset className="flex rounded border border-edge">
      <legend className="sr-only">Show the document as</legend>
      {(["page", "text"] as const).map((each) => (
        <Tooltip
          key={each}
          label={each === "page" ? "Pictures of the pages" : "The text that was read"}
          command="reader.view"
        >
          <button
            type="button"
            aria-pressed={view === each}
            onClick={() => onView(each)}
            className={cx(
              "h-7 px-3 text-sm font-medium first-of-type:rounded-l-md last-of-type:rounded-r-md pointer-coarse:h-11",
              view === each ? "bg-selected text-accent" : "text-muted hover:text-ink",
            )}
          >
            {each === "page" ? "Page" : "Text"}
          </button>
        </Tooltip>
      ))}
    </fieldset>
  );
}

interface PageStepsProps {
  number: number;
  count: number;
  zoomed: boolean;
  onPage: (number: number) => void;
  onZoom: () => void;
}

/** Steps through the pages, a page by its number, and zoom. */
export function PageSteps({ number, count, zoomed, onPage, onZoom }: PageStepsProps) {
  return (
    <div className="flex items-center gap-1 text-sm">
      <Tooltip label="Previous page" command="page.previous">
        <Button
          look="quiet"
          size="icon"
          aria-label="Previous page"
          disabled={number <= 1}
          onClick={() => onPage(number - 1)}
        >
          <ChevronLeft size={16} aria-hidden />
        </Button>
      </Tooltip>
      <PageField key={number} number={number} count={count} onPage={onPage} />
      <span className="nums whitespace-nowrap text-muted">of {count}</span>
      <Tooltip label="Next page" command="page.next">
        <Button
          look="quiet"
          size="icon"
          aria-label="Next page"
          disabled={number >= count}
          onClick={() => onPage(number + 1)}
        >
          <ChevronRight size={16} aria-hidden />
        </Button>
      </Tooltip>
      <Tooltip label={zoomed ? "Fit the page" : "Zoom in"} command="page.zoom">
        <Button look="quiet" size="icon" aria-label="Zoom in" aria-pressed={zoomed} onClick={onZoom}>
          {zoomed ? <ZoomOut size={16} aria-hidden /> : <ZoomIn size={16} aria-hidden />}
        </Button>
      </Tooltip>
    </div>
  );
}

function PageField({ number, count, onPage }: Pick<PageStepsProps, "number" | "count" | "onPage">) {
  const [typed, setTyped] = useState(String(number));
  function go() {
    const wanted = pageNumber(typed, count);
    if (wanted === null) setTyped(String(number));
    else if (wanted !== number) onPage(wanted);
  }
  return (
    <input
      aria-label="Page"
      inputMode="numeric"
      className="field field-small nums w-14 text-center"
      value={typed}
      onChange={(event) => setTyped(event.target.value)}
      onBlur={go}
      onKeyDown={(event) => event.key === "Enter" && go()}
    />
  );
}

import { Link } from "@tanstack/react-router";
import { Maximize2 } from "lucide-react";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { buttonClass } from "@/components/ui/button";
import { Skeleton } from "@/components/ui/states";
import { Tooltip } from "@/components/ui/tooltip";
import { cx } from "@/lib/cx";
import type { ReaderPlace } from "./reader";
import type { ReaderFocus } from "./reader-text";

// Lists stand there without it, and on a phone there is no room for it.
const Reader = lazy(async () => ({ default: (await import("./reader")).Reader }));

interface InspectorProps {
  documentId: string | undefined;
  focus?: ReaderFocus | undefined;
  /** What stands left in the bar, such as the way back to the sources. */
  lead?: ReactNode;
}

/** The right-hand column of wide windows: the selected document, beside the list it was selected in. */
export function Inspector({ documentId, focus, lead }: InspectorProps) {
  const [place, setPlace] = useState<ReaderPlace>({});
  const [shown, setShown] = useState({ documentId, focus });
  if (shown.documentId !== documentId || shown.focus !== focus) {
    // Another passage: its own page, not the one that was turned to before.
    setShown({ documentId, focus });
    setPlace({ view: place.view });
  }
  return (
    <aside
      id="inspector"
      tabIndex={-1}
      aria-label="Selected document"
      className={cx("sticky top-0 h-dvh overflow-y-auto", documentId && "bg-surface")}
    >
      {documentId && (
        <>
          <div className="sticky top-0 z-10 flex h-12 items-center gap-2 bg-surface px-4">
            <div className="min-w-0 flex-1">{lead}</div>
            <Tooltip label="Open as a page">
              <Link
                to="/documents/$documentId"
                params={{ documentId }}
                search={{ ...place, ...(focus ? { start: focus.start, end: focus.end } : {}) }}
                className={buttonClass("quiet", "icon")}
                aria-label="Open as a page"
              >
                <Maximize2 size={16} />
              </Link>
            </Tooltip>
          </div>
          <div className="px-8 pb-16">
            <Suspense fallback={<Skeleton lines={9} className="pt-4" />}>
              <Reader
                key={documentId}
                documentId={documentId}
                focus={focus}
                level="h2"
                place={place}
                onPlace={setPlace}
              />
            </Suspense>
          </div>
        </>
      )}
    </aside>
  );
}

import { Link } from "@tanstack/react-router";
import { Maximize2 } from "lucide-react";
import type { ReactNode } from "react";
import { buttonClass } from "@/components/ui/button";
import { Tooltip } from "@/components/ui/tooltip";
import { cx } from "@/lib/cx";
import { Reader } from "./reader";
import type { ReaderFocus } from "./reader-text";

interface InspectorProps {
  documentId: string | undefined;
  focus?: ReaderFocus | undefined;
  /** What stands left in the bar, such as the way back to the sources. */
  lead?: ReactNode;
}

/** The right-hand column of wide windows: the selected document, beside the list it was selected in. */
export function Inspector({ documentId, focus, lead }: InspectorProps) {
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
                search={focus ? { start: focus.start, end: focus.end } : {}}
                className={buttonClass("quiet", "icon")}
                aria-label="Open as a page"
              >
                <Maximize2 size={16} />
              </Link>
            </Tooltip>
          </div>
          <div className="px-8 pb-16">
            <Reader key={documentId} documentId={documentId} focus={focus} level="h2" />
          </div>
        </>
      )}
    </aside>
  );
}

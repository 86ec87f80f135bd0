import { FileUp } from "lucide-react";
import { useRef } from "react";
import { Button } from "@/components/ui/button";
import { Problem } from "@/components/ui/states";
import type { useOpmlImport } from "../mutations";
import { ImportSummary } from "./import-summary";

interface OpmlPanelProps {
  opml: ReturnType<typeof useOpmlImport>;
  onDone: () => void;
}

/** Bring the feeds of another reader; folders are kept. */
export function OpmlPanel({ opml, onDone }: OpmlPanelProps) {
  const picker = useRef<HTMLInputElement>(null);
  if (opml.data) return <ImportSummary done={opml.data} onDone={onDone} onAgain={opml.reset} />;
  return (
    <>
      <div className="rounded border border-dashed border-edge px-5 py-8 text-center">
        <Button look="primary" onClick={() => picker.current?.click()} disabled={opml.isPending}>
          <FileUp size={16} aria-hidden />
          {opml.isPending ? "Importing" : "Choose an OPML file"}
        </Button>
        <p className="mt-3 text-sm text-muted">
          <span className="max-md:hidden">Or drop it here. </span>Other readers export one as “OPML” or
          “subscriptions”. Folders are kept, and feeds you have already are left alone.
        </p>
      </div>
      {opml.error && <Problem error={opml.error} className="mt-4" />}
      <input
        ref={picker}
        type="file"
        accept=".opml,.xml,text/x-opml,text/xml,application/xml"
        className="sr-only"
        tabIndex={-1}
        aria-label="OPML file"
        onChange={(event) => {
          const file = event.target.files?.[0];
          if (file) opml.mutate(file);
          event.target.value = "";
        }}
      />
    </>
  );
}

import { Download, ExternalLink, Trash2 } from "lucide-react";
import { useState } from "react";
import { Button, buttonClass } from "@/components/ui/button";
import { Problem } from "@/components/ui/states";
import { Time } from "@/components/ui/time";
import { Tooltip } from "@/components/ui/tooltip";
import type { TidingsDocument } from "@/lib/api-types";
import { useCommand } from "@/lib/commands/commands";
import { bytes, categoryName, languageName, originOf, safeLink, typeName } from "@/lib/format";
import { caveats, publishedLabel, shownPart } from "@/lib/provenance";
import { DeleteConfirm } from "./delete-confirm";
import { useDeleteDocument } from "./queries";
import { RowOf } from "./table-rows";

interface DocumentHeaderProps {
  level: "h1" | "h2";
  document: TidingsDocument;
  onDeleted: () => void;
}

/** Headline, one line of facts, and what can be done with the document. */
export function DocumentHeader({ level: Heading, document, onDeleted }: DocumentHeaderProps) {
  const [asking, setAsking] = useState(false);
  const remove = useDeleteDocument(document.id, onDeleted);
  const original = safeLink(document.url);
  useCommand(
    "reader.original",
    () => window.open(original ?? "", "_blank", "noopener,noreferrer"),
    original !== null,
  );
  return (
    <header className="mb-6 border-b border-rule pb-4">
      <Heading className="font-serif text-2xl font-semibold tracking-tight">{document.title}</Heading>
      {document.authors.length > 0 && <p className="mt-2 text-sm">By {document.authors.join(", ")}</p>}
      <p className="mt-1 flex flex-wrap gap-x-2.5 text-sm text-muted">
        <Facts document={document} />
      </p>
      <Caveats reasons={document.quality_reasons} />
      <div className="mt-3 -ml-2.5 flex flex-wrap items-center gap-1">
        {original && (
          <Tooltip label="Open the original page" command="reader.original">
            <a
              href={original}
              target="_blank"
              rel="noopener noreferrer"
              className={buttonClass("quiet", "small")}
            >
              <ExternalLink size={14} aria-hidden />
              Original
            </a>
          </Tooltip>
        )}
        {shownPart(document) === "all" && (
          <a
            href={`/v1/documents/${encodeURIComponent(document.id)}/content`}
            download
            className={buttonClass("quiet", "small")}
          >
            <Download size={14} aria-hidden />
            Download
          </a>
        )}
        <Button look="quiet" size="small" onClick={() => setAsking(true)} disabled={remove.isPending}>
          <Trash2 size={14} aria-hidden />
          Delete
        </Button>
      </div>
      {remove.error && <Problem error={remove.error} className="mt-3" />}
      <DeleteConfirm
        document={document}
        open={asking}
        onOpenChange={setAsking}
        onDelete={(withRows) => remove.mutate(withRows)}
      />
    </header>
  );
}

function Caveats({ reasons }: { reasons: readonly string[] }) {
  const found = caveats(reasons);
  if (found.length === 0) return null;
  return (
    <ul aria-label="Read with care" className="mt-2 text-sm text-warning">
      {found.map((caveat) => (
        <li key={caveat}>{caveat}</li>
      ))}
    </ul>
  );
}

function Facts({ document }: { document: TidingsDocument }) {
  return (
    <>
      <span className="font-medium text-ink">{originOf(document)}</span>
      {document.published_at && <Time at={document.published_at} label={publishedLabel(document)} />}
      <span>
        {document.published_at ? "first seen" : "added"}{" "}
        <Time at={document.first_seen_at} label="First seen" />
      </span>
      {document.category ? (
        <span>{categoryName(document.category)}</span>
      ) : (
        document.section && <span>{document.section}</span>
      )}
      {document.partial && <span>Partial: the rest is not here</span>}
      {document.row_number === null ? <span>{typeName(document.type)}</span> : <RowOf document={document} />}
      {document.language && <span>{languageName(document.language)}</span>}
      <span className="nums">{bytes(document.byte_count)}</span>
      {document.folder && <span>in {document.folder}</span>}
      {document.tags.length > 0 && <span>{document.tags.join(", ")}</span>}
    </>
  );
}

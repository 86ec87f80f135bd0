import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Problem, Skeleton } from "@/components/ui/states";
import { isMissing } from "@/lib/problem";
import { shownPart } from "@/lib/provenance";
import { DocumentHeader } from "./document-header";
import { documentQuery, textQuery } from "./queries";
import { Deleted, Failed, InWork, Withheld } from "./reader-states";
import { type ReaderFocus, ReaderText } from "./reader-text";

interface ReaderProps {
  documentId: string;
  focus: ReaderFocus | undefined;
  /** The rank of the headline: first on a page of its own, second beside a list. */
  level: "h1" | "h2";
}

/** One document: headline, what is known about it, and its text with the asked span marked and in view. */
export function Reader({ documentId, focus, level }: ReaderProps) {
  const document = useQuery(documentQuery(documentId));
  const ready = document.data?.status === "ready";
  const part = document.data ? shownPart(document.data) : "all";
  const text = useQuery({ ...textQuery(documentId), enabled: ready && part !== "nothing" });
  const [deleted, setDeleted] = useState(false);

  if (deleted || document.data?.status === "deleting" || isMissing(document.error)) return <Deleted />;
  if (document.error && !document.data) {
    return <Problem error={document.error} onRetry={() => void document.refetch()} />;
  }
  if (!document.data) return <Skeleton lines={9} className="pt-4" />;
  return (
    <article className="mx-auto max-w-[36rem]" lang={document.data.language ?? undefined}>
      <DocumentHeader level={level} document={document.data} onDeleted={() => setDeleted(true)} />
      {document.data.status === "failed" && <Failed document={document.data} />}
      {(document.data.status === "queued" || document.data.status === "processing") && (
        <InWork document={document.data} />
      )}
      {ready && text.error && <Problem error={text.error} onRetry={() => void text.refetch()} />}
      {ready && part === "nothing" && <Withheld />}
      {ready && part !== "nothing" && text.isPending && <Skeleton lines={12} />}
      {text.data && ready && (
        <ReaderText text={text.data} title={document.data.title} type={document.data.type} focus={focus} />
      )}
      {text.data && part === "excerpt" && (
        <p className="mt-4 text-sm text-muted">The publisher allows no more than this excerpt here.</p>
      )}
    </article>
  );
}

import { useNavigate } from "@tanstack/react-router";
import { useTitle } from "@/lib/use-title";
import { AddDocuments } from "./add-documents";
import { DocumentList } from "./document-list";
import type { ListedStatus } from "./list-cache";
import { UploadQueue } from "./upload-queue";

/** Add documents, watch them being read, find and remove them. */
export function LibraryScreen({ status }: { status: ListedStatus | undefined }) {
  const navigate = useNavigate();
  useTitle("Library");
  return (
    <div className="mx-auto max-w-5xl px-4 pt-5 pb-24 md:px-8 md:pt-8">
      <h1 className="font-serif text-2xl font-semibold tracking-tight">Library</h1>
      <AddDocuments />
      <UploadQueue />
      <DocumentList
        status={status}
        onStatus={(next) => void navigate({ to: "/library", search: next ? { status: next } : {} })}
      />
    </div>
  );
}

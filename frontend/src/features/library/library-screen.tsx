import { useNavigate } from "@tanstack/react-router";
import { useTitle } from "@/lib/use-title";
import { AddDocuments } from "./add-documents";
import { DocumentList } from "./document-list";
import type { LibraryParams } from "./library-params";
import { UnfinishedUploads } from "./unfinished-uploads";
import { UploadQueue } from "./upload-queue";

/** Add documents, watch them being read, find and remove them. */
export function LibraryScreen({ params }: { params: LibraryParams }) {
  const navigate = useNavigate();
  useTitle("Library");
  return (
    <div className="mx-auto max-w-5xl px-4 pt-5 pb-24 md:px-8 md:pt-8">
      <h1 className="font-serif text-2xl font-semibold tracking-tight">Library</h1>
      <AddDocuments />
      <UploadQueue />
      <UnfinishedUploads />
      <DocumentList
        params={params}
        onParams={(next) => void navigate({ to: "/library", search: next, resetScroll: false })}
      />
    </div>
  );
}

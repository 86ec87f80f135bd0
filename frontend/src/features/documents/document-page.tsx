import { useQuery } from "@tanstack/react-query";
import { useCanGoBack, useRouter } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import { Button } from "@/components/ui/button";
import type { Span } from "@/lib/text-spans";
import { useTitle } from "@/lib/use-title";
import { documentQuery } from "./queries";
import { Reader, type ReaderPlace } from "./reader";

interface DocumentPageProps {
  documentId: string;
  span: Span | undefined;
  place: ReaderPlace;
  onPlace: (place: ReaderPlace) => void;
}

/** The reader as a page of its own. */
export function DocumentPage({ documentId, span, place, onPlace }: DocumentPageProps) {
  const router = useRouter();
  const canGoBack = useCanGoBack();
  const { data: document } = useQuery(documentQuery(documentId));
  useTitle(document?.title ?? "Document");
  return (
    <div className="px-4 pt-3 pb-24 md:px-8 md:pt-5">
      {canGoBack && (
        <Button look="quiet" size="small" className="-ml-2 mb-4" onClick={() => router.history.back()}>
          <ArrowLeft size={14} aria-hidden />
          Back
        </Button>
      )}
      <Reader
        key={documentId}
        documentId={documentId}
        focus={span}
        level="h1"
        place={place}
        onPlace={onPlace}
      />
    </div>
  );
}

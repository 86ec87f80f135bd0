import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { Problem, Skeleton } from "@/components/ui/states";
import { useCommand } from "@/lib/commands/commands";
import { cx } from "@/lib/cx";
import { hasPages } from "@/lib/format";
import { setPreferences, usePreferences } from "@/lib/preferences";
import { isMissing } from "@/lib/problem";
import { shownPart } from "@/lib/provenance";
import { DocumentHeader } from "./document-header";
import { type View, ViewSwitch } from "./page-bar";
import { pageOf } from "./page-places";
import { documentQuery, pagesQuery, textQuery } from "./queries";
import { Deleted, Failed, InWork, Withheld } from "./reader-states";
import { type ReaderFocus, ReaderText } from "./reader-text";
import { TableRows } from "./table-rows";

// Most documents have no pages to look at.
const ReaderPages = lazy(() => import("./reader-pages"));

/** What a person chose to see of a document with pages; what is not given follows from the passage and from habit. */
export interface ReaderPlace {
  view?: View | undefined;
  page?: number | undefined;
}

interface ReaderProps {
  documentId: string;
  focus: ReaderFocus | undefined;
  /** The rank of the headline: first on a page of its own, second beside a list. */
  level: "h1" | "h2";
  place: ReaderPlace;
  onPlace: (place: ReaderPlace) => void;
}

/** One document: headline, what is known about it, and its text or pages with the asked span marked and in view. */
export function Reader({ documentId, focus, level, place, onPlace }: ReaderProps) {
  const document = useQuery(documentQuery(documentId));
  const { pdfView } = usePreferences();
  const archived = document.data?.status === "archived";
  const ready = archived || document.data?.status === "ready";
  const table = document.data?.type === "rows";
  const part = document.data ? shownPart(document.data) : "all";
  const text = useQuery({ ...textQuery(documentId), enabled: ready && !table && part !== "nothing" });
  const paged = ready && part === "all" && hasPages(document.data?.type);
  const pages = useQuery({ ...pagesQuery(documentId), enabled: paged });
  const [deleted, setDeleted] = useState(false);
  const drawable = paged && pages.data?.pages.some(({ width }) => width !== null);
  const wanted = place.view ?? pdfView;
  const view: View = paged && wanted === "page" && (pages.isPending || drawable) ? "page" : "text";
  const number = place.page ?? pageOf(pages.data?.pages ?? [], focus);

  function onView(chosen: View) {
    setPreferences({ pdfView: chosen });
    onPlace({ ...place, view: chosen });
  }
  const views = <ViewSwitch view={view} onView={onView} />;
  useCommand("reader.view", () => onView(view === "page" ? "text" : "page"), drawable === true);

  if (deleted || document.data?.status === "deleting" || isMissing(document.error)) return <Deleted />;
  if (document.error && !document.data) {
    return <Problem error={document.error} onRetry={() => void document.refetch()} />;
  }
  if (!document.data) return <Skeleton lines={9} className="pt-4" />;
  return (
    <article
      className={cx("mx-auto", view === "page" ? "max-w-[46rem]" : "max-w-[36rem]")}
      lang={document.data.language ?? undefined}
    >
      <DocumentHeader level={level} document={document.data} onDeleted={() => setDeleted(true)} />
      {archived && (
        <p className="mb-4 border-l-2 border-rule px-4 py-1 text-sm text-muted">
          Archived: kept, and out of search and lists. The library restores it, under Archived.
        </p>
      )}
      {document.data.status === "failed" && <Failed document={document.data} />}
      {!ready && document.data.status !== "failed" && <InWork document={document.data} />}
      {table && document.data.status !== "queued" && <TableRows document={document.data} />}
      {paged && pages.error && (
        <Problem error={pages.error} onRetry={() => void pages.refetch()} className="mb-4" />
      )}
      {paged && pages.data?.problem && (
        <p className="mb-4 border-l-2 border-rule px-4 py-1 text-sm text-muted">
          {pages.data.problem.detail}
        </p>
      )}
      {drawable && view === "text" && <div className="mb-4 flex">{views}</div>}
      {view === "page" && pages.isPending && <Skeleton lines={12} />}
      {view === "page" && pages.data && (
        <Suspense fallback={<Skeleton lines={12} />}>
          <ReaderPages
            found={pages.data}
            title={document.data.title}
            number={number}
            focus={focus}
            onPage={(page) => onPlace({ ...place, page })}
            views={views}
            onText={() => onView("text")}
          />
        </Suspense>
      )}
      {view === "text" && ready && text.error && (
        <Problem error={text.error} onRetry={() => void text.refetch()} />
      )}
      {ready && part === "nothing" && <Withheld />}
      {view === "text" && ready && !table && part !== "nothing" && text.isPending && <Skeleton lines={12} />}
      {view === "text" && text.data && ready && (
        <ReaderText text={text.data} title={document.data.title} type={document.data.type} focus={focus} />
      )}
      {text.data && part === "excerpt" && (
        <p className="mt-4 text-sm text-muted">The publisher allows no more than this excerpt here.</p>
      )}
    </article>
  );
}

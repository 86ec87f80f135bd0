import { useNavigate } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import { useEffect, useState } from "react";
import { Button } from "@/components/ui/button";
import { Problem, Skeleton } from "@/components/ui/states";
import { Inspector } from "@/features/documents/inspector";
import { useSystemStatus } from "@/features/shell/system-status";
import { queryClient } from "@/lib/api";
import type { SearchFilters } from "@/lib/api-types";
import { usePreferences } from "@/lib/preferences";
import { type FilterParams, toApiFilters } from "@/lib/search-params";
import type { Span } from "@/lib/text-spans";
import { useWide } from "@/lib/use-media";
import { useTitle } from "@/lib/use-title";
import { AnswerActions } from "./answer-actions";
import { chooseMode } from "./answer-mode";
import { AnswerScope } from "./answer-scope";
import { ask, forget, stopAnswer } from "./answer-store";
import { AnswerView, citedNumbers } from "./answer-view";
import { Composer } from "./composer";
import { EarlierQuestions } from "./earlier-questions";
import { FollowUps } from "./follow-ups";
import { NoSources } from "./no-sources";
import { SourcesList } from "./sources-list";
import { Suggestions } from "./suggestions";
import { ThreadBefore } from "./thread-before";
import { useAnswer } from "./use-answer";
import { useCitationKeys } from "./use-citation-keys";

interface AskScreenProps {
  answerId: string | undefined;
  /** A question brought along in the address, not asked yet. */
  draft: string | undefined;
  filters: FilterParams;
}

interface Opened {
  documentId: string;
  span: Span;
}

/** Earlier questions on the left, the answer in the middle, its sources or the opened one on the right. */
export function AskScreen({ answerId, draft: text, filters }: AskScreenProps) {
  const navigate = useNavigate();
  const wide = useWide();
  const [opened, setOpened] = useState<Opened | null>(null);
  const view = useAnswer(answerId);
  const connected = useSystemStatus()?.llm === "generated";
  const { quotesOnly } = usePreferences();
  useTitle(view?.question ?? "Ask");
  useCitationKeys();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another answer closes what was opened for this one.
  useEffect(() => setOpened(null), [view?.id]);
  useEffect(() => {
    if (!opened) return;
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape" && !event.defaultPrevented && !document.querySelector("[role=dialog]"))
        setOpened(null);
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [opened]);

  async function onAsk(question: string, of: SearchFilters = toApiFilters(filters)) {
    const mode = await chooseMode(queryClient, quotesOnly);
    if (answerId) void navigate({ to: "/ask", search: { ...filters } });
    void ask(
      question,
      of,
      view?.threadId ?? null,
      mode,
      (id) =>
        void navigate({
          to: "/ask/$answerId",
          params: { answerId: id },
          search: { ...filters },
          replace: !answerId,
        }),
    );
  }
  function onNew() {
    forget();
    void navigate({ to: "/ask", search: { ...filters } });
  }
  const open = wide
    ? (at: { document_id: string } & Span) =>
        setOpened({ documentId: at.document_id, span: { start: at.start, end: at.end } })
    : undefined;
  const sources = view && view.sources.length > 0 && (
    <SourcesList
      sources={view.sources}
      cited={view.phase === "running" ? null : citedNumbers(view.sentences)}
      onOpen={
        open &&
        (({ document, passage }) =>
          open({ document_id: document.id, start: passage.start, end: passage.end }))
      }
    />
  );

  return (
    <div className="lg:grid lg:grid-cols-[14rem_minmax(0,1fr)] xl:grid-cols-[14rem_minmax(0,1fr)_minmax(24rem,38%)]">
      <aside
        aria-label="Earlier questions"
        className="sticky top-0 hidden h-dvh overflow-y-auto px-3 pt-4 lg:block"
      >
        <p className="eyebrow mb-2.5 flex h-10 items-center pl-2">Earlier questions</p>
        <EarlierQuestions current={view?.threadId ?? undefined} />
      </aside>
      <section aria-label="Answer" className="min-w-0 border-rule lg:border-x">
        <div className="mx-auto max-w-[42rem] px-4 pb-24 md:px-8">
          <div className="sticky top-0 z-20 bg-paper pt-4 pb-3">
            <Composer
              draft={text}
              filters={filters}
              busy={view?.phase === "running"}
              placeholder={view ? "Ask a follow-up" : "Ask about what is in your library"}
              onAsk={(question) => void onAsk(question)}
              onStop={() => void stopAnswer()}
              connected={connected}
              onNew={view && view.phase !== "running" ? onNew : undefined}
            />
          </div>
          {view?.loading && <Skeleton lines={8} className="pt-6" />}
          {view?.loadError && <Problem error={view.loadError} className="mt-6" onRetry={view.reload} />}
          {view?.question && (
            <div className="pt-5">
              <AnswerView
                {...view}
                question={view.question}
                scope={
                  view.filters && (
                    <AnswerScope
                      filters={view.filters}
                      onWider={(wider) => void onAsk(view.question ?? "", wider)}
                    />
                  )
                }
                onOpen={open}
                onAgain={() => void onAsk(view.question ?? "", view.filters)}
              />
              {view.empty && view.filters && (
                <NoSources
                  question={view.question}
                  unsaid={(view.usage?.unsaid ?? []) as string[]}
                  notice={view.usage?.notice as string | undefined}
                  narrowed={view.filters}
                  onWithout={() => void onAsk(view.question ?? "", toApiFilters({}))}
                />
              )}
              {view.stored && view.id && (
                <>
                  <AnswerActions answerId={view.id} threadId={view.threadId} />
                  <FollowUps answerId={view.id} onAsk={(question) => void onAsk(question, view.filters)} />
                </>
              )}
              {!wide && <div className="mt-10">{sources}</div>}
              {view.threadId && <ThreadBefore threadId={view.threadId} current={view.id} onOpen={open} />}
            </div>
          )}
          {!view && (
            <>
              <h1 className="sr-only">Ask</h1>
              <Suggestions onAsk={(question) => void onAsk(question)} />
              <div className="mt-10 lg:hidden">
                <h2 className="eyebrow mb-2">Earlier questions</h2>
                <EarlierQuestions current={undefined} />
              </div>
            </>
          )}
        </div>
      </section>
      {wide &&
        (opened ? (
          <Inspector
            documentId={opened.documentId}
            focus={opened.span}
            lead={
              <Button look="quiet" size="small" className="-ml-2" onClick={() => setOpened(null)}>
                <ArrowLeft size={14} aria-hidden />
                Sources
              </Button>
            }
          />
        ) : (
          <aside
            aria-label="Sources"
            className="sticky top-0 h-dvh overflow-y-auto bg-surface px-6 pt-6 pb-16"
          >
            {sources || (
              <p className="text-sm text-muted">
                The sources of an answer stand here. Choose one to read it in place.
              </p>
            )}
          </aside>
        ))}
    </div>
  );
}

import { ChevronRight } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "@/components/ui/button";
import { Notice, Problem, Skeleton } from "@/components/ui/states";
import { useSystemStatus } from "@/features/shell/system-status";
import type { Answer, Citation, Conflict, Made, Source } from "@/lib/api-types";
import { plural, took } from "@/lib/format";
import type { Draft, DraftSentence, Step } from "./answer-events";
import { CitationChip } from "./citation-chip";
import { ClaimsStrip } from "./claims-strip";
import { Conflicts } from "./conflicts";
import { HowMade } from "./how-made";

interface AnswerViewProps {
  question: string;
  /** The question as it was searched, when that is known. */
  asked: string | undefined;
  /** "extractive" or "generated". */
  mode: string | undefined;
  /** The language model's part in it, once it is stored. */
  made: Made | null | undefined;
  sentences: readonly DraftSentence[];
  sources: readonly Source[];
  conflicts: readonly Conflict[];
  steps: readonly Step[];
  phase: Draft["phase"];
  retrying: boolean;
  usage: Answer["usage"] | undefined;
  error: Error | null;
  /** What part of the library it was asked of. */
  scope: ReactNode;
  onOpen: ((citation: Citation) => void) | undefined;
  onAgain: () => void;
}

/** The question as a headline, how it was worked on, and the answer with its citations. */
export function AnswerView(props: AnswerViewProps) {
  const { question, asked, mode, made, sentences, sources, steps, phase, onOpen } = props;
  const extractive = mode === "extractive";
  const connected = useSystemStatus()?.llm === "generated";
  return (
    <article>
      <h1 className="font-serif text-2xl font-semibold tracking-tight">{question}</h1>
      <div className="mt-2 flex min-h-6 flex-wrap items-center gap-x-4 text-xs text-muted">
        {extractive && (
          <p>
            {connected ? "Quotes from the sources" : "No language model connected: quotes from the sources"}
          </p>
        )}
        {mode && !extractive && <p>Written by the language model; every sentence names its source</p>}
        {steps.length > 0 && <Steps steps={steps} now={phase === "running" ? progress(props) : undefined} />}
        {asked && asked !== question && (
          <p>
            {made?.rewrite ? "Asked as" : "Read with what was asked before"}: {asked}
          </p>
        )}
      </div>
      <div className="mt-3 empty:hidden">{props.scope}</div>
      {sentences.length > 0 && <Unnamed names={(props.usage?.unsaid ?? []) as string[]} />}
      <div className="mt-5 space-y-[0.9em] font-serif text-lg leading-[1.6]" aria-busy={phase === "running"}>
        <Sentences sentences={sentences} sources={sources} apart={extractive} onOpen={onOpen} />
        {phase === "running" && sentences.length === 0 && <Skeleton lines={4} className="pt-2" />}
      </div>
      <ClaimsStrip usage={props.usage} quotes={extractive} />
      <Conflicts conflicts={props.conflicts} sources={sources} onOpen={onOpen} />
      {made && <HowMade made={made} />}
      <Ending {...props} />
    </article>
  );
}

/** That an answer is perhaps about something else than the question names. */
function Unnamed({ names }: { names: readonly string[] }) {
  if (names.length === 0) return null;
  const shown = names.map((name) => `“${name}”`).join(", ");
  return (
    <div className="mt-3">
      <Notice>No source names {shown}: this may be about something else.</Notice>
    </div>
  );
}

/** What is being done now: the sources are there before the first word. */
function progress({ mode, steps, sources, sentences }: AnswerViewProps): string {
  if (sources.length === 0) return steps.at(-1)?.detail ?? "Looking for sources";
  if (mode === "extractive") return `Reading ${plural(sources.length, "source")}`;
  const so_far = sentences.length > 0 ? `, ${plural(sentences.length, "sentence")} so far` : "";
  return `Writing from ${plural(sources.length, "source")}${so_far}`;
}

/** How an answer ended that is not simply complete, and what can be done about it. */
function Ending({ phase, retrying, usage, error, onAgain }: AnswerViewProps) {
  const again = (
    <Button size="small" onClick={onAgain}>
      Ask again
    </Button>
  );
  const cut = typeof usage?.cut_short === "string" ? usage.cut_short : null;
  return (
    <div className="mt-6 empty:hidden">
      {retrying && (
        <Notice>The connection broke. It is made again, and the answer is written on meanwhile.</Notice>
      )}
      {phase === "failed" && error && <Problem error={error} onRetry={onAgain} retryLabel="Ask again" />}
      {phase === "stopped" && (
        <Notice action={again}>Stopped before it was complete. What was written is kept.</Notice>
      )}
      {phase === "done" && cut && (
        <Notice action={again}>Cut short, so something may be missing. {cut}</Notice>
      )}
    </div>
  );
}

interface SentencesProps {
  sentences: readonly DraftSentence[];
  sources: readonly Source[];
  /** Quotes from different places stand apart; written sentences make one text. */
  apart: boolean;
  onOpen: AnswerViewProps["onOpen"];
}

/** The text of an answer with its citations. */
export function Sentences({ sentences, sources, apart, onOpen }: SentencesProps) {
  const byNumber = new Map(sources.map((source) => [source.number, source]));
  return apart ? (
    sentences.map((sentence, index) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: sentences only grow at the end and never move.
      <p key={index} className="border-l-2 border-rule pl-4">
        <Sentence sentence={sentence} byNumber={byNumber} onOpen={onOpen} />
      </p>
    ))
  ) : (
    <p className="whitespace-pre-line">
      {sentences.map((sentence, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: sentences only grow at the end and never move.
        <span key={index}>
          <Sentence sentence={sentence} byNumber={byNumber} onOpen={onOpen} />{" "}
        </span>
      ))}
    </p>
  );
}

interface SentenceProps {
  sentence: DraftSentence;
  byNumber: ReadonlyMap<number, Source>;
  onOpen: AnswerViewProps["onOpen"];
}

function Sentence({ sentence, byNumber, onOpen }: SentenceProps) {
  // The last word and its citations stay on one line: a number alone on a line belongs to nothing.
  const cut =
    sentence.citations.length > 0 ? sentence.text.trimEnd().lastIndexOf(" ") + 1 : sentence.text.length;
  return (
    <>
      {sentence.text.slice(0, cut)}
      <span className="whitespace-nowrap">
        {sentence.text.slice(cut).trimEnd()}
        {sentence.support === "partly" && (
          <span
            className="ml-1.5 rounded-sm border border-warning px-1 font-sans text-xs text-muted"
            title="Its source says only part of this"
          >
            partly
          </span>
        )}
        {sentence.citations.map((citation) => (
          <CitationChip
            key={`${citation.source_number}:${citation.start}`}
            citation={citation}
            source={byNumber.get(citation.source_number)}
            onOpen={onOpen}
          />
        ))}
      </span>
    </>
  );
}

/** What happened so far. One line; unfolds to one line per step. */
function Steps({ steps, now }: { steps: readonly Step[]; now: string | undefined }) {
  const total = steps.reduce((sum, step) => sum + (step.tookMs ?? 0), 0);
  return (
    <details className="group">
      <summary className="flex cursor-pointer list-none items-center gap-1 hover:text-ink [&::-webkit-details-marker]:hidden">
        <ChevronRight size={12} className="transition-transform group-open:rotate-90" aria-hidden />
        <span className="nums">{now ?? `${plural(steps.length, "step")} - ${took(total)}`}</span>
      </summary>
      <ol className="mt-1 space-y-0.5 pl-4">
        {steps.map((step) => (
          <li key={step.name + step.detail} className="nums flex gap-3">
            <span>{step.detail}</span>
            {step.tookMs !== null && <span>{took(step.tookMs)}</span>}
          </li>
        ))}
      </ol>
    </details>
  );
}

/** The numbers of the sources that sentences cite, in the order in which they first do. */
export function citedNumbers(
  sentences: readonly Pick<Answer["sentences"][number], "citations">[],
): readonly number[] {
  const all = sentences.flatMap(({ citations }) => citations.map((citation) => citation.source_number));
  return [...new Set(all)];
}

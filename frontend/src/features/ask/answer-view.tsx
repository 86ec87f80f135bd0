import { ChevronRight } from "lucide-react";
import { Button } from "@/components/ui/button";
import { Notice, Problem, Skeleton } from "@/components/ui/states";
import type { Answer, Citation, Source } from "@/lib/api-types";
import { plural, took } from "@/lib/format";
import type { Draft, DraftSentence, Step } from "./answer-events";
import { CitationChip } from "./citation-chip";

interface AnswerViewProps {
  question: string;
  /** "extractive", or the name of the model. */
  mode: string | undefined;
  sentences: readonly DraftSentence[];
  sources: readonly Source[];
  steps: readonly Step[];
  phase: Draft["phase"];
  error: Error | null;
  onOpen: ((citation: Citation) => void) | undefined;
  onAgain: () => void;
}

/** The question as a headline, how it was worked on, and the answer with its citations. */
export function AnswerView(props: AnswerViewProps) {
  const { question, mode, sentences, sources, steps, phase, error, onOpen, onAgain } = props;
  const byNumber = new Map(sources.map((source) => [source.number, source]));
  const extractive = mode === "extractive";
  return (
    <article>
      <h1 className="font-serif text-2xl font-semibold tracking-tight">{question}</h1>
      <div className="mt-2 flex min-h-6 flex-wrap items-center gap-x-4 text-xs text-muted">
        {extractive && <p>No language model connected - key sentences with sources</p>}
        {mode && !extractive && <p>Written by {mode}; every sentence names its source</p>}
        {steps.length > 0 && <Steps steps={steps} running={phase === "running"} />}
      </div>
      <div className="mt-5 space-y-[0.9em] font-serif text-lg leading-[1.6]" aria-busy={phase === "running"}>
        {extractive ? (
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
        )}
        {phase === "running" && sentences.length === 0 && <Skeleton lines={4} className="pt-2" />}
      </div>
      {phase === "failed" && error && (
        <Problem error={error} onRetry={onAgain} retryLabel="Ask again" className="mt-6" />
      )}
      {phase === "stopped" && (
        <div className="mt-6">
          <Notice
            action={
              <Button size="small" onClick={onAgain}>
                Ask again
              </Button>
            }
          >
            Stopped. The text so far stays here until you leave.
          </Notice>
        </div>
      )}
    </article>
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
function Steps({ steps, running }: { steps: readonly Step[]; running: boolean }) {
  const total = steps.reduce((sum, step) => sum + (step.tookMs ?? 0), 0);
  return (
    <details className="group">
      <summary className="flex cursor-pointer list-none items-center gap-1 hover:text-ink [&::-webkit-details-marker]:hidden">
        <ChevronRight size={12} className="transition-transform group-open:rotate-90" aria-hidden />
        <span className="nums">
          {running ? `${steps.at(-1)?.detail}` : `${plural(steps.length, "step")} - ${took(total)}`}
        </span>
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

/** The numbers of the sources that some sentence cites; null while there is no sentence. */
export function citedNumbers(
  sentences: readonly Pick<Answer["sentences"][number], "citations">[],
): ReadonlySet<number> | null {
  if (sentences.length === 0) return null;
  return new Set(
    sentences.flatMap((sentence) => sentence.citations.map((citation) => citation.source_number)),
  );
}

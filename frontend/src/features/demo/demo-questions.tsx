import { Link } from "@tanstack/react-router";
import { useDemo } from "./queries";
import { progress, standing } from "./words";

/** What can be asked of the demo, and how far it is while it is being read. Nothing where it is not loaded. */
export function DemoQuestions({ onAsk }: { onAsk: (question: string) => void }) {
  const demo = useDemo().data;
  if (!demo?.loaded) return null;
  return (
    <section className="mt-10" aria-labelledby="demo-title">
      <div className="flex items-baseline gap-4 border-b border-ink pb-1.5">
        <h2 id="demo-title" className="min-w-0 flex-1 font-serif text-sm font-semibold">
          Ask the demo
        </h2>
        <Link to="/settings" className="link shrink-0 text-xs">
          Remove it in Settings
        </Link>
      </div>
      {demo.working > 0 && (
        <div className="flex items-center gap-4 border-b border-rule py-2.5">
          <progress className="bar flex-1" value={progress(demo)} max={1} aria-label="Reading the demo" />
          <span className="nums shrink-0 text-xs text-muted">{standing(demo)}</span>
        </div>
      )}
      <ul>
        {demo.questions.map((question) => (
          <li key={question} className="border-b border-rule">
            <button
              type="button"
              onClick={() => onAsk(question)}
              className="w-full py-2.5 text-left font-serif font-semibold hover:bg-sunken"
            >
              {question}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

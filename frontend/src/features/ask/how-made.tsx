import type { Made } from "@/lib/api-types";
import { plural } from "@/lib/format";

/** The language model's part in an answer: which model, which prompt, and how it chose its words. */
export function HowMade({ made }: { made: Made }) {
  return (
    <details className="mt-6 text-xs text-muted">
      <summary className="cursor-pointer hover:text-ink">How this was made</summary>
      <dl className="nums mt-2 grid grid-cols-[8rem_minmax(0,1fr)] gap-x-4 gap-y-1">
        {rows(made).map(([name, value]) => (
          <div key={name} className="contents">
            <dt>{name}</dt>
            <dd className="break-words text-ink">{value}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

/** What there is to tell, as pairs. */
export function rows(made: Made): [string, string][] {
  const { model, prompt, sampling, passages, dropped_passages: dropped, cut, rewrite } = made;
  const found: [string, string][] = [];
  if (model) found.push(["Model", model]);
  if (prompt) found.push(["Prompt", `${prompt.name}, version ${prompt.version}`]);
  if (sampling) {
    found.push(["Temperature", String(sampling.temperature)]);
    if (sampling.top_p !== null) found.push(["Top-p", String(sampling.top_p)]);
    if (sampling.top_k !== null) found.push(["Top-k", String(sampling.top_k)]);
    found.push(["Longest answer", `${sampling.max_tokens} tokens${cut ? ", reached" : ""}`]);
    if (sampling.stop.length > 0)
      found.push(["Stops at", sampling.stop.map((text) => JSON.stringify(text)).join(", ")]);
    found.push(["Deadline", `${sampling.seconds} s`]);
  }
  if (typeof passages === "number") {
    const left = dropped ? `; ${dropped} did not fit what the model reads at once` : "";
    found.push(["Read", `${plural(passages, "passage")}${left}`]);
  }
  if (rewrite)
    found.push(["Question", `put in full by the model, ${rewrite.name} version ${rewrite.version}`]);
  return found;
}

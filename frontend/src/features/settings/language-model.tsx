import { useMutation, useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { languageModelGet, languageModelTest } from "@/client";
import { Button } from "@/components/ui/button";
import { Notice, Problem, Skeleton } from "@/components/ui/states";
import { announce } from "@/lib/announce";
import type { LanguageModelTest, LanguageModel as Model, ModelSetting } from "@/lib/api-types";
import { number } from "@/lib/format";

const VARIANTS = {
  "zero-shot": "Instructions alone",
  "one-shot": "Instructions and one worked example",
  "few-shot": "Instructions and worked examples",
};

/** Which language model writes answers, whether it answers, how it is asked, and a test. */
export default function LanguageModel() {
  const model = useQuery({
    queryKey: ["language-model"],
    queryFn: async ({ signal }) => (await languageModelGet({ signal })).data,
  });
  if (model.error) return <Problem error={model.error} onRetry={() => void model.refetch()} />;
  if (!model.data) return <Skeleton lines={4} />;
  const { connected, servers, prompt, settings, may_test: mayTest } = model.data;
  return (
    <div className="space-y-5 text-sm">
      {!connected && (
        <p>
          No language model is connected: answers are key sentences, word for word. Whoever runs this server
          connects one with <code className="font-mono text-xs">TIDINGS_LLM_URL</code>.
        </p>
      )}
      {connected && (
        <>
          <Servers servers={servers} />
          <p>
            <span className="font-medium">Prompt</span>{" "}
            <span className="nums">
              {prompt.variant}, version {prompt.version}
            </span>
            <span className="block text-xs text-muted">
              {VARIANTS[prompt.variant]}: {prompt.why}
            </span>
          </p>
          {mayTest ? (
            <Test onTested={() => void model.refetch()} />
          ) : (
            <p className="text-xs text-muted">An owner of this organisation can test the model here.</p>
          )}
        </>
      )}
      <Values settings={settings} />
    </div>
  );
}

function Servers({ servers }: { servers: Model["servers"] }) {
  const away = servers.filter((server) => !server.reachable).length;
  return (
    <>
      {away > 0 && away < servers.length && (
        <Notice>
          {away} of {servers.length} servers {away === 1 ? "does" : "do"} not answer; answers go on with the
          rest.
        </Notice>
      )}
      <ul>
        {servers.map((server, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: servers stand in the order of the setting and have no other name for readers.
          <li key={index} className="border-b border-rule py-2 first:pt-0">
            <p className="flex flex-wrap items-baseline gap-x-3">
              <span className="font-medium break-all">{server.model || "Model not known"}</span>
              <span className={server.reachable ? "text-accent" : "text-failure"}>
                {server.reachable ? "answers" : "does not answer"}
              </span>
            </p>
            <p className="nums flex flex-wrap gap-x-3 text-xs text-muted">
              {server.host && <span className="font-mono break-all">{server.host}</span>}
              {server.context !== null && <span>{number(server.context)} tokens at once</span>}
            </p>
            {server.problem && <Wrong problem={server.problem} fix={server.fix} />}
          </li>
        ))}
      </ul>
    </>
  );
}

function Wrong({ problem, fix }: { problem: string; fix: string }) {
  return (
    <div className="mt-2 border-l-2 border-failure bg-failure-soft px-3 py-2">
      <p>{problem}</p>
      {fix && <p className="mt-1 text-xs text-muted">To mend it: {fix}</p>}
    </div>
  );
}

/** One short request, sent the way every answer is asked for. */
function Test({ onTested }: { onTested: () => void }) {
  const test = useMutation({
    mutationFn: async () => (await languageModelTest()).data,
    onSuccess: (result) => {
      announce(
        result.ok ? "The language model answered" : `The language model did not answer: ${result.problem}`,
      );
      onTested();
    },
  });
  return (
    <div>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <Button onClick={() => test.mutate()} disabled={test.isPending}>
          {test.isPending ? "Testing" : "Test the model"}
        </Button>
        <p className="text-xs text-muted">
          {test.isPending
            ? "Waiting for its words; 20 seconds at most."
            : "Asks it for a few words. Nothing of yours is sent."}
        </p>
      </div>
      {test.error && <Problem error={test.error} className="mt-3" />}
      {test.data?.ok && <Figures result={test.data} />}
      {test.data && !test.data.ok && <Wrong problem={test.data.problem} fix={test.data.fix} />}
    </div>
  );
}

function Figures({ result }: { result: LanguageModelTest }) {
  return (
    <dl className="nums mt-3 flex flex-wrap gap-x-8 gap-y-2" aria-label="Result of the test">
      <Figure name="First words after">{milliseconds(result.first_token_ms)}</Figure>
      <Figure name="Whole answer">{milliseconds(result.total_ms)}</Figure>
      <Figure name="Speed">
        {result.tokens_per_second === null
          ? "too short to tell"
          : `${number(Math.round(result.tokens_per_second))} tokens/s`}
      </Figure>
    </dl>
  );
}

function Figure({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt className="text-xs text-muted">{name}</dt>
      <dd className="text-lg">{children}</dd>
    </div>
  );
}

const milliseconds = (value: number | null) =>
  value === null ? "-" : value < 1_000 ? `${Math.round(value)} ms` : `${(value / 1_000).toFixed(1)} s`;

/** The settings in force. They belong to whoever runs the server, and are changed in its environment. */
function Values({ settings }: { settings: readonly ModelSetting[] }) {
  return (
    <details className="group">
      <summary className="cursor-pointer text-muted hover:text-ink">
        Parameters, set in the environment of the server
      </summary>
      <dl className="mt-2">
        {settings.map(({ variable, value, description, given }) => (
          <div
            key={variable}
            className="grid gap-x-4 border-b border-rule py-1.5 md:grid-cols-[minmax(0,1fr)_14rem]"
          >
            <dt className="min-w-0">
              <span className="font-mono text-xs break-all">{variable}</span>
              <span className="block text-xs text-muted">{description}</span>
            </dt>
            <dd className="flex items-baseline justify-between gap-x-4">
              <span className="nums break-all">{value === "" || value === "[]" ? "none" : value}</span>
              <span className="text-xs text-muted">{given ? "environment" : "default"}</span>
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, type RefObject, useEffect, useState } from "react";
import { Button } from "@/components/ui/button";
import { FormField } from "@/components/ui/form-field";
import { Problem } from "@/components/ui/states";
import type { NewsSource } from "@/lib/api-types";
import { ApiProblem, fieldReason } from "@/lib/problem";
import { Candidates } from "./candidates";
import { useDiscovery } from "./use-discovery";

interface AddressPanelProps {
  input: RefObject<HTMLInputElement | null>;
  url: string | undefined;
  rows: readonly NewsSource[];
  onDone: () => void;
}

/** Paste an address, see what can be subscribed to there, choose. */
export function AddressPanel({ input, url, rows, onDone }: AddressPanelProps) {
  const { look, cancel } = useDiscovery();
  const navigate = useNavigate();

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const address = String(new FormData(event.currentTarget).get("url")).trim();
    if (address) look.mutate(address);
  }

  return (
    <>
      <form onSubmit={submit} className="flex items-end gap-2">
        <div className="flex-1">
          <FormField
            label="Address of a site, section, feed or sitemap"
            name="url"
            ref={input}
            inputMode="url"
            required
            maxLength={8000}
            defaultValue={url}
            placeholder="example.org"
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            reason={fieldReason(look.error, "url")}
          />
        </div>
        <Button type="submit" look="primary" disabled={look.isPending} className="h-10!">
          Look
        </Button>
      </form>
      {look.isPending && <Looking address={look.variables} onCancel={cancel} />}
      {look.error && look.error.name !== "AbortError" && (
        <div className="mt-4 space-y-3">
          <Problem error={look.error} onRetry={() => look.mutate(look.variables)} />
          {isAboutTheAddress(look.error) && (
            <p className="text-sm text-muted">
              Check the spelling, or paste the address of the feed itself if you know it.
            </p>
          )}
        </div>
      )}
      {!look.data && !look.isPending && !look.error && (
        <p className="mt-4 text-sm text-muted">
          Nothing is stored yet: you see first what is there, how much it brings, and whether the site allows
          it.
        </p>
      )}
      {look.data && !look.isPending && (
        <Candidates
          key={look.submittedAt}
          found={look.data}
          rows={rows}
          onDone={(added) => {
            const only = added.length === 1 ? added[0] : undefined;
            if (only) void navigate({ to: "/sources/$sourceId", params: { sourceId: only.id } });
            else onDone();
          }}
        />
      )}
    </>
  );
}

/** What is being done, since when, and the way out. */
function Looking({ address, onCancel }: { address: string; onCancel: () => void }) {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setSeconds((before) => before + 1), 1_000);
    return () => clearInterval(timer);
  }, []);
  return (
    <div className="mt-5" role="status">
      <div className="h-0.5 overflow-hidden" aria-hidden>
        <div className="progress-line h-full w-1/3 bg-accent" />
      </div>
      <div className="mt-2 flex items-start gap-4 text-sm">
        <p className="flex-1">
          Looking at {address}
          <span className="block text-muted">
            robots.txt first, then the feeds and sitemaps it names. It may take 25 seconds.
          </span>
        </p>
        {seconds > 0 && (
          <span className="nums text-muted" aria-hidden>
            {seconds} s
          </span>
        )}
        <Button size="small" onClick={onCancel}>
          Cancel
        </Button>
      </div>
    </div>
  );
}

/** Whether another address could help; a contact that the operator did not set is not of that kind. */
function isAboutTheAddress(error: Error): boolean {
  const refused = error instanceof ApiProblem && error.code === "invalid_input";
  return !refused || fieldReason(error, "url") !== undefined;
}

import { useNavigate } from "@tanstack/react-router";
import { ExternalLink } from "lucide-react";
import type { ReactNode } from "react";
import { Problem } from "@/components/ui/states";
import { Time } from "@/components/ui/time";
import { useMayWrite } from "@/features/auth/session";
import type { NewsSource } from "@/lib/api-types";
import { useCommand } from "@/lib/commands/commands";
import { cx } from "@/lib/cx";
import { duration, safeLink } from "@/lib/format";
import { useSourceActions } from "../mutations";
import { SourceActions } from "../source-actions";
import { NextVisit } from "../source-row";
import { StatusDot } from "../source-status";
import { capital, KIND_NAMES, STATUS_WORDS } from "../words";
import { Licence } from "./licence";

/** What a source is, how it fares in one sentence, and what can be done with it. */
export function SourceHeader({ source, alarms }: { source: NewsSource; alarms: readonly string[] }) {
  const navigate = useNavigate();
  const mayWrite = useMayWrite();
  const acts = useSourceActions(source, () => void navigate({ to: "/sources" }));
  useCommand("sources.run", acts.run, mayWrite);
  useCommand("sources.pause", acts.pause, mayWrite);
  const site = safeLink(source.site_url);
  const address = safeLink(source.url);
  useCommand("reader.original", () =>
    window.open(site ?? address ?? undefined, "_blank", "noopener,noreferrer"),
  );
  return (
    <header>
      <div className="flex flex-wrap items-start gap-x-6 gap-y-3">
        <div className="min-w-0 flex-1 basis-80">
          <h1 className="font-serif text-2xl font-semibold tracking-tight">{source.title}</h1>
          <p className="mt-1 flex flex-wrap gap-x-2.5 text-xs text-muted">
            <span className="font-medium">{KIND_NAMES[source.kind]}</span>
            {source.folder && <span>{source.folder}</span>}
            {source.category && <span>{capital(source.category)}</span>}
            {address && <Outside href={address}>{source.url}</Outside>}
            {site && site !== address && (
              <Outside href={site}>
                Site
                <ExternalLink size={11} aria-hidden className="ml-1 inline" />
              </Outside>
            )}
          </p>
        </div>
        {mayWrite && <SourceActions source={source} acts={acts} named />}
      </div>
      <p className="mt-3 flex items-start gap-2 text-sm" role="status">
        <span className="mt-1.5">
          <StatusDot status={source.status} />
        </span>
        <span className={cx(source.status === "failing" && "text-failure")}>
          <span className="font-medium">{STATUS_WORDS[source.status]}.</span>{" "}
          {!alarms.includes(source.status_detail) && source.status_detail}
        </span>
      </p>
      <dl className="nums mt-1.5 flex flex-wrap gap-x-4 text-xs text-muted">
        <Fact name="Next visit">
          <NextVisit source={source} />
        </Fact>
        <Fact name="Last success">
          {source.succeeded_at ? <Time at={source.succeeded_at} label="Last success" /> : "never"}
        </Fact>
        <Fact name="Last new">
          {source.new_at ? <Time at={source.new_at} label="Last new" /> : "nothing yet"}
        </Fact>
        <Fact name="Visited every">{duration(source.interval_seconds)}</Fact>
      </dl>
      <Licence source={source} />
      {acts.error && <Problem error={acts.error} className="mt-3" />}
    </header>
  );
}

function Outside({ href, children }: { href: string; children: ReactNode }) {
  return (
    <a href={href} target="_blank" rel="noopener noreferrer" className="max-w-full truncate hover:underline">
      {children}
    </a>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="flex gap-1">
      <dt>{name}</dt>
      <dd className="text-ink">{children}</dd>
    </div>
  );
}

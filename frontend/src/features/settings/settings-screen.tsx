import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { lazy, type ReactNode, Suspense } from "react";
import { authLogout } from "@/client";
import { Button, buttonClass } from "@/components/ui/button";
import { Problem, Skeleton } from "@/components/ui/states";
import { useMe } from "@/features/auth/session";
import { DemoSettings } from "@/features/demo/demo-settings";
import { ShortcutList } from "@/features/shell/shortcut-list";
import { cx } from "@/lib/cx";
import { useTitle } from "@/lib/use-title";
import { About } from "./about";
import { ApiKeys } from "./api-keys";
import { Appearance, SingleKeys } from "./appearance";
import { Sessions } from "./sessions";
import { SiteRules } from "./site-rules";
import { SystemState } from "./system-state";
import { Takedowns } from "./takedowns";

const Retention = lazy(() => import("./retention"));
const LanguageModel = lazy(() => import("./language-model"));

const SECTIONS: (Omit<SectionProps, "children"> & { content: ReactNode })[] = [
  { id: "account", title: "Account", content: <Account /> },
  { id: "appearance", title: "Appearance", content: <Appearance /> },
  { id: "keys", title: "API keys", content: <ApiKeys /> },
  { id: "sessions", title: "Sessions", content: <Sessions /> },
  {
    id: "language-model",
    title: "Language model",
    content: (
      <Suspense fallback={<Skeleton lines={4} />}>
        <LanguageModel />
      </Suspense>
    ),
  },
  { id: "feedback", title: "Feedback", content: <Feedback /> },
  { id: "demo", title: "Demo", content: <DemoSettings /> },
  { id: "site-rules", title: "Site rules", content: <SiteRules /> },
  { id: "takedowns", title: "Take-downs", content: <Takedowns /> },
  {
    id: "retention",
    title: "Retention",
    content: (
      <Suspense fallback={<Skeleton lines={2} />}>
        <Retention />
      </Suspense>
    ),
  },
  {
    id: "shortcuts",
    title: "Keyboard",
    needsKeys: true,
    content: (
      <>
        <SingleKeys />
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long list must scroll by keyboard. */}
        <section tabIndex={0} aria-label="Shortcuts" className="max-sm:max-h-80 max-sm:overflow-y-auto">
          <ShortcutList />
        </section>
      </>
    ),
  },
  { id: "system", title: "System", content: <SystemState /> },
  { id: "about", title: "About", content: <About /> },
];

/** Everything about the person, the browser and the server that is not a document. */
export function SettingsScreen() {
  useTitle("Settings");
  return (
    <div className="mx-auto max-w-5xl px-4 pt-5 pb-24 md:px-8 md:pt-8">
      <h1 className="font-serif text-2xl font-semibold tracking-tight">Settings</h1>
      {SECTIONS.map(({ id, title, content, needsKeys }) => (
        <Section key={id} id={id} title={title} needsKeys={needsKeys}>
          {content}
        </Section>
      ))}
    </div>
  );
}

interface SectionProps {
  id: string;
  title: string;
  /** Of no use where there is only a finger. */
  needsKeys?: boolean;
  children: ReactNode;
}

function Section({ id, title, needsKeys = false, children }: SectionProps) {
  return (
    <section
      aria-labelledby={`${id}-title`}
      className={cx(
        "mt-8 grid gap-x-8 gap-y-3 border-t border-ink pt-3 md:grid-cols-[10rem_minmax(0,1fr)]",
        needsKeys && "[@media(hover:none)_and_(pointer:coarse)]:hidden",
      )}
    >
      <h2 id={`${id}-title`} className="font-serif text-lg font-semibold">
        {title}
      </h2>
      <div className="min-w-0">{children}</div>
    </section>
  );
}

/** Where what people said of answers is read. */
function Feedback() {
  const isOwner = useMe()?.user?.role === "owner";
  return (
    <>
      <p className="text-sm text-muted">
        Thumbs below each answer say whether it was good, and why not. The owners of an organisation read
        them.
      </p>
      {isOwner && (
        <Link to="/settings/feedback" className={cx(buttonClass("secondary"), "mt-4")}>
          Read the feedback
        </Link>
      )}
    </>
  );
}

function Account() {
  const me = useMe();
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const logout = useMutation({
    mutationFn: () => authLogout(),
    onSuccess: async () => {
      await navigate({ to: "/login", search: {} });
      queryClient.clear();
    },
  });
  return (
    <div className="flex flex-wrap items-center gap-4">
      <div className="min-w-0 flex-1 text-sm">
        <p className="font-medium">{me?.user?.name}</p>
        <p className="text-muted">
          {me?.user?.email} - {me?.user?.role} of {me?.tenant.name}
        </p>
      </div>
      <Button onClick={() => logout.mutate()} disabled={logout.isPending}>
        Sign out
      </Button>
      {logout.error && <Problem error={logout.error} className="w-full" />}
    </div>
  );
}

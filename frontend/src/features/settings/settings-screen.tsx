import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { authLogout } from "@/client";
import { Button } from "@/components/ui/button";
import { Problem } from "@/components/ui/states";
import { useMe } from "@/features/auth/session";
import { ShortcutList } from "@/features/shell/shortcut-list";
import { useTitle } from "@/lib/use-title";
import { About } from "./about";
import { ApiKeys } from "./api-keys";
import { Appearance, SingleKeys } from "./appearance";
import { Sessions } from "./sessions";
import { SiteRules } from "./site-rules";
import { Takedowns } from "./takedowns";

const SECTIONS = [
  { id: "account", title: "Account", content: <Account /> },
  { id: "appearance", title: "Appearance", content: <Appearance /> },
  { id: "keys", title: "API keys", content: <ApiKeys /> },
  { id: "sessions", title: "Sessions", content: <Sessions /> },
  { id: "site-rules", title: "Site rules", content: <SiteRules /> },
  { id: "takedowns", title: "Take-downs", content: <Takedowns /> },
  {
    id: "shortcuts",
    title: "Keyboard",
    content: (
      <>
        <SingleKeys />
        <ShortcutList />
      </>
    ),
  },
  { id: "about", title: "About", content: <About /> },
];

/** Everything about the person, the browser and the server that is not a document. */
export function SettingsScreen() {
  useTitle("Settings");
  return (
    <div className="mx-auto max-w-5xl px-4 pt-5 pb-24 md:px-8 md:pt-8">
      <h1 className="font-serif text-2xl font-semibold tracking-tight">Settings</h1>
      {SECTIONS.map(({ id, title, content }) => (
        <Section key={id} id={id} title={title}>
          {content}
        </Section>
      ))}
    </div>
  );
}

function Section({ id, title, children }: { id: string; title: string; children: ReactNode }) {
  return (
    <section
      aria-labelledby={`${id}-title`}
      className="mt-8 grid gap-x-8 gap-y-3 border-t border-ink pt-3 md:grid-cols-[10rem_minmax(0,1fr)]"
    >
      <h2 id={`${id}-title`} className="font-serif text-lg font-semibold">
        {title}
      </h2>
      <div className="min-w-0">{children}</div>
    </section>
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

import type { ReactNode } from "react";
import { Masthead } from "@/features/shell/masthead";

/** The page in front of the door: masthead, one rule, one form. */
export function FrontPage({
  title,
  lead,
  children,
}: {
  title: string;
  lead: ReactNode;
  children: ReactNode;
}) {
  return (
    <main className="mx-auto flex min-h-dvh w-full max-w-[26rem] flex-col px-5 py-[max(2.5rem,9dvh)]">
      <div className="border-b-2 border-ink pb-3 text-3xl">
        <Masthead />
      </div>
      <h1 className="mt-8 font-serif text-2xl font-semibold">{title}</h1>
      <div className="mt-2 text-muted">{lead}</div>
      <div className="mt-7">{children}</div>
    </main>
  );
}

import { Tooltip } from "@base-ui/react/tooltip";
import { Outlet, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState } from "react";
import { useMayWrite } from "@/features/auth/session";
import { useDocumentFeed } from "@/features/library/document-feed";
import { DropTarget } from "@/features/library/drop-target";
import { setAnnouncer } from "@/lib/announce";
import { listenForKeys, useCommand } from "@/lib/commands/commands";
import { setPreferences } from "@/lib/preferences";
import { BottomBar, Rail } from "./rail";
import { useListKeys } from "./use-list-keys";

const Palette = lazy(() => import("./palette"));
const Shortcuts = lazy(() => import("./shortcuts"));

/** What stands around every screen: rail, keys, layers, the live region, and the feed of document events. */
export function Shell() {
  const navigate = useNavigate();
  const writes = useMayWrite();
  const [layer, setLayer] = useState<"palette" | "shortcuts" | null>(null);
  useDocumentFeed();
  useEffect(() => listenForKeys(), []);
  useListKeys();
  useCommand("go.today", () => void navigate({ to: "/" }));
  useCommand("go.search", () => void navigate({ to: "/search" }));
  useCommand("go.ask", () => void navigate({ to: "/ask" }));
  useCommand("go.library", () => void navigate({ to: "/library" }));
  useCommand("go.sources", () => void navigate({ to: "/sources" }));
  useCommand("sources.add", () => void navigate({ to: "/sources", search: { add: "address" } }), writes);
  useCommand("sources.opml", () => void navigate({ to: "/sources", search: { add: "opml" } }), writes);
  useCommand("go.settings", () => void navigate({ to: "/settings" }));
  useCommand("help.palette", () => setLayer("palette"));
  useCommand("help.shortcuts", () => setLayer("shortcuts"));
  useCommand("help.theme", switchTheme);

  const close = () => setLayer(null);
  return (
    <Tooltip.Provider>
      <a
        href="#main"
        className="fixed top-2 left-2 z-50 -translate-y-16 rounded bg-accent px-3 py-2 text-sm text-on-accent focus:translate-y-0"
      >
        Skip to content
      </a>
      <div className="md:grid md:grid-cols-[auto_minmax(0,1fr)]">
        <Rail />
        <main id="main" tabIndex={-1} className="min-h-dvh min-w-0 pb-20 md:pb-0">
          <Outlet />
        </main>
      </div>
      <BottomBar />
      <DropTarget />
      <div ref={setAnnouncer} role="status" aria-live="polite" className="sr-only" />
      <Suspense>
        {layer === "palette" && <Palette onClose={close} />}
        {layer === "shortcuts" && <Shortcuts onClose={close} />}
      </Suspense>
    </Tooltip.Provider>
  );
}

function switchTheme(): void {
  setPreferences({ theme: document.documentElement.dataset.theme === "dark" ? "light" : "dark" });
}

import { Link } from "@tanstack/react-router";
import { Command } from "lucide-react";
import { Tooltip } from "@/components/ui/tooltip";
import { useMe } from "@/features/auth/session";
import { runCommand } from "@/lib/commands/commands";
import { cx } from "@/lib/cx";
import { Masthead } from "./masthead";
import { PLACES } from "./places";
import { Heartbeat } from "./system-status";

const item =
  "flex h-9 items-center gap-3 rounded px-2.5 text-sm hover:bg-sunken max-lg:justify-center max-lg:px-0";

/** The left rail of wide windows: names beside the icons where there is room. */
export function Rail() {
  const me = useMe();
  return (
    <header className="sticky top-0 hidden h-dvh w-14 flex-col border-r border-rule px-2 pt-4 pb-3 md:flex lg:w-48 lg:px-3">
      <Link to="/" className="mx-auto mb-5 text-2xl leading-none lg:mx-2.5" aria-label="Tidings, to today">
        <span className="max-lg:hidden">
          <Masthead />
        </span>
        <span className="font-serif font-bold lg:hidden" aria-hidden>
          T
        </span>
      </Link>
      <nav aria-label="Main" className="flex flex-col gap-0.5">
        {PLACES.map(({ to, label, icon: Icon, command }) => (
          <Tooltip key={to} label={label} command={command} side="right">
            <Link
              to={to}
              className={item}
              activeOptions={{ exact: to === "/", includeSearch: false }}
              activeProps={{
                className: "bg-selected font-medium text-ink",
                "aria-current": "page",
              }}
              inactiveProps={{ className: "text-muted hover:text-ink" }}
            >
              <Icon size={16} aria-hidden />
              <span className="max-lg:sr-only">{label}</span>
            </Link>
          </Tooltip>
        ))}
        <Tooltip label="Commands" command="help.palette" side="right">
          <button
            type="button"
            className={cx(item, "text-muted hover:text-ink")}
            onClick={() => runCommand("help.palette")}
          >
            <Command size={16} aria-hidden />
            <span className="max-lg:sr-only">Commands</span>
          </button>
        </Tooltip>
      </nav>
      <div className="mt-auto space-y-1 px-2.5 text-xs max-lg:px-0">
        <Heartbeat />
        <p className="truncate font-medium max-lg:hidden" title={me?.tenant.name}>
          {me?.tenant.name}
        </p>
        <p className="truncate text-muted max-lg:hidden" title={me?.user?.email}>
          {me?.user?.name}
        </p>
      </div>
    </header>
  );
}

/** The same places at the thumb's edge of a phone. */
export function BottomBar() {
  return (
    <nav
      aria-label="Main"
      className="fixed inset-x-0 bottom-0 z-30 grid grid-cols-6 border-t border-rule bg-paper pb-[env(safe-area-inset-bottom)] md:hidden"
    >
      {PLACES.map(({ to, label, icon: Icon }) => (
        <Link
          key={to}
          to={to}
          className="flex h-14 flex-col items-center justify-center gap-0.5 text-xs"
          activeOptions={{ exact: to === "/", includeSearch: false }}
          activeProps={{ className: "text-accent font-semibold", "aria-current": "page" }}
          inactiveProps={{ className: "text-muted" }}
        >
          <Icon size={20} aria-hidden />
          {label}
        </Link>
      ))}
    </nav>
  );
}

import { ExternalLink, Pause, Pencil, Play, RefreshCw, Trash2 } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Menu, MenuItem } from "@/components/ui/menu";
import { Tooltip } from "@/components/ui/tooltip";
import type { NewsSource } from "@/lib/api-types";
import { safeLink } from "@/lib/format";
import { EditSource } from "./edit-source";
import type { SourceActs } from "./mutations";
import { RemoveSource } from "./remove-source";

interface SourceActionsProps {
  source: NewsSource;
  acts: SourceActs;
  /** Rows show the buttons on hover; the page of a source shows them with their names. */
  named?: boolean;
}

/** Crawl now, pause, edit, remove. Only for people who may change things. */
export function SourceActions({ source, acts, named }: SourceActionsProps) {
  const [layer, setLayer] = useState<"edit" | "remove" | null>(null);
  const { running, run, pause } = acts;
  const pauseWord = source.paused ? "Resume" : "Pause";
  const PauseIcon = source.paused ? Play : Pause;
  const site = safeLink(source.site_url);
  const look = named ? "secondary" : "quiet";
  const size = named ? undefined : "icon";
  const shy = named
    ? ""
    : "opacity-0 group-hover:opacity-100 group-focus-within:opacity-100 focus-visible:opacity-100 max-md:hidden";
  return (
    <>
      <div className="relative z-10 flex shrink-0 items-center gap-1">
        <Tooltip label={running ? "Being visited" : "Crawl now"} command="sources.run">
          <Button
            look={look}
            size={size}
            aria-label={named ? undefined : `Crawl ${source.title} now`}
            disabled={running}
            onClick={run}
            className={shy}
          >
            <RefreshCw size={15} aria-hidden />
            {named && (running ? "Being visited" : "Crawl now")}
          </Button>
        </Tooltip>
        <Tooltip label={pauseWord} command="sources.pause">
          <Button
            look={look}
            size={size}
            aria-label={named ? undefined : `${pauseWord} ${source.title}`}
            disabled={acts.changing}
            onClick={pause}
            className={shy}
          >
            <PauseIcon size={15} aria-hidden />
            {named && pauseWord}
          </Button>
        </Tooltip>
        <Menu label={`More for ${source.title}`}>
          {!named && !running && (
            <MenuItem icon={<RefreshCw size={14} aria-hidden />} onClick={run}>
              Crawl now
            </MenuItem>
          )}
          {!named && (
            <MenuItem icon={<PauseIcon size={14} aria-hidden />} onClick={pause}>
              {pauseWord}
            </MenuItem>
          )}
          <MenuItem icon={<Pencil size={14} aria-hidden />} onClick={() => setLayer("edit")}>
            Edit
          </MenuItem>
          {site && !named && (
            <MenuItem
              icon={<ExternalLink size={14} aria-hidden />}
              onClick={() => window.open(site, "_blank", "noopener,noreferrer")}
            >
              Open the site
            </MenuItem>
          )}
          <MenuItem danger icon={<Trash2 size={14} aria-hidden />} onClick={() => setLayer("remove")}>
            Remove
          </MenuItem>
        </Menu>
      </div>
      {layer === "edit" && <EditSource source={source} onClose={() => setLayer(null)} />}
      <RemoveSource
        source={source}
        open={layer === "remove"}
        onOpenChange={(open) => setLayer(open ? "remove" : null)}
        onRemove={acts.remove}
      />
    </>
  );
}

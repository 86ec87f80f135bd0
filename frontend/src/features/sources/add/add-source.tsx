import { Tabs } from "@base-ui/react/tabs";
import { useRef } from "react";
import { Dialog } from "@/components/ui/dialog";
import type { NewsSource } from "@/lib/api-types";
import type { useOpmlImport } from "../mutations";
import { WAYS, type Way } from "../source-params";
import { AddressPanel } from "./address-panel";
import { OpmlPanel } from "./opml-panel";
import { PacksPanel } from "./packs-panel";

const NAMES: Record<Way, string> = { address: "Address", packs: "Starter packs", opml: "OPML file" };

interface AddSourceProps {
  way: Way;
  url: string | undefined;
  rows: readonly NewsSource[];
  opml: ReturnType<typeof useOpmlImport>;
  onWay: (way: Way) => void;
  onClose: () => void;
}

/** The three ways to add sources: an address to look at, a starter pack, an OPML file. */
export function AddSource({ way, url, rows, opml, onWay, onClose }: AddSourceProps) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <Dialog open onOpenChange={onClose} title="Add source" wide initialFocus={input}>
      <Tabs.Root
        value={way}
        onValueChange={(value) => onWay(WAYS.find((known) => known === value) ?? "address")}
      >
        <Tabs.List className="mb-4 flex gap-5 border-b border-rule text-sm" aria-label="Ways to add">
          {WAYS.map((name) => (
            <Tabs.Tab
              key={name}
              value={name}
              className="-mb-px border-b-2 border-transparent py-2 text-muted hover:text-ink data-active:border-accent data-active:font-medium data-active:text-ink"
            >
              {NAMES[name]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="address">
          <AddressPanel input={input} url={url} rows={rows} onDone={onClose} />
        </Tabs.Panel>
        <Tabs.Panel value="packs">
          <PacksPanel onDone={onClose} />
        </Tabs.Panel>
        <Tabs.Panel value="opml">
          <OpmlPanel opml={opml} onDone={onClose} />
        </Tabs.Panel>
      </Tabs.Root>
    </Dialog>
  );
}

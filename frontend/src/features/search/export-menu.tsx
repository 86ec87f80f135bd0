import { Download } from "lucide-react";
import type { SearchParams } from "@/lib/search-params";
import { exportAddress } from "./use-search";

const FORMATS = [
  { format: "csv", label: "CSV, for spreadsheets" },
  { format: "json", label: "JSON" },
  { format: "rss", label: "RSS" },
] as const;

/** The first 200 results as a file. */
export function ExportMenu({ params }: { params: SearchParams }) {
  return (
    <details
      className="relative"
      onKeyDown={(event) => {
        if (event.key === "Escape") event.currentTarget.open = false;
      }}
      onBlur={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget)) event.currentTarget.open = false;
      }}
    >
      <summary
        className="grid size-7 cursor-pointer list-none place-items-center rounded hover:bg-sunken hover:text-ink pointer-coarse:size-11 [&::-webkit-details-marker]:hidden"
        aria-label="Export the results"
        title="Export the results"
      >
        <Download size={14} aria-hidden />
      </summary>
      <ul className="layer absolute right-0 z-30 mt-1 w-48 p-1 text-sm text-ink">
        {FORMATS.map(({ format, label }) => (
          <li key={format}>
            <a
              href={exportAddress(params, format)}
              download
              className="flex min-h-8 items-center rounded px-2.5 hover:bg-selected pointer-coarse:min-h-11"
            >
              {label}
            </a>
          </li>
        ))}
        <li className="px-2.5 py-1 text-xs text-muted">At most 200 results</li>
      </ul>
    </details>
  );
}

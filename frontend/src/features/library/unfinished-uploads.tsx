import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { X } from "lucide-react";
import { Button } from "@/components/ui/button";
import { bytes } from "@/lib/format";
import { abandon, unfinishedHere } from "./resumable-upload";
import { useUploads } from "./uploads";

const KEY = ["unfinished-uploads"];

/** Large files whose sending broke off, with the page or the browser: choosing them again goes on. */
export function UnfinishedUploads() {
  const uploads = useUploads();
  const queryClient = useQueryClient();
  const underWay = new Set(uploads.flatMap(({ uploadId }) => uploadId ?? []));
  const found = useQuery({
    // One that is dismissed from the queue shows here.
    queryKey: [...KEY, [...underWay].sort()],
    queryFn: unfinishedHere,
    staleTime: 0,
    placeholderData: keepPreviousData,
  });
  const waiting = (found.data ?? []).filter((upload) => !underWay.has(upload.id));
  if (waiting.length === 0) return null;
  return (
    <section className="mt-8" aria-labelledby="unfinished-title">
      <h2 id="unfinished-title" className="border-b border-ink pb-1.5 font-serif text-sm font-semibold">
        Not sent to the end
      </h2>
      <ul>
        {waiting.map((upload) => (
          <li key={upload.id} className="flex items-start gap-4 border-b border-rule py-3">
            <div className="min-w-0 flex-1">
              <p className="truncate text-sm font-medium">{upload.filename}</p>
              <p className="mt-1 text-xs text-muted">
                <span className="nums">
                  {bytes(upload.offset)} of {bytes(upload.size)}
                </span>{" "}
                arrived. Choose the same file again, and sending goes on from there.
              </p>
            </div>
            <Button
              look="quiet"
              size="icon"
              aria-label={`Give up sending ${upload.filename}`}
              title="Give up"
              onClick={() =>
                void abandon(upload.id).finally(() => queryClient.invalidateQueries({ queryKey: KEY }))
              }
            >
              <X size={14} />
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}

import { useEffect, useRef, useState } from "react";
import type { BoxResource } from "@/client";
import { Problem } from "@/components/ui/states";
import type { DocumentPage } from "@/lib/api-types";
import { cx } from "@/lib/cx";
import { problemFrom, toProblem } from "@/lib/problem";

interface PagePictureProps {
  documentId: string;
  page: DocumentPage;
  /** What the picture shows, for those who do not see it. */
  label: string;
  boxes: readonly BoxResource[];
  zoomed: boolean;
}

/** Pixels across that are asked for: phones, columns, both on fine screens, and zoomed in. */
const WIDTHS = [600, 1000, 1600, 2400] as const;

/** A picture of a page with boxes over the passage. Its place is held before it arrives, so that nothing jumps. */
export function PagePicture({ documentId, page, label, boxes, zoomed }: PagePictureProps) {
  const [state, setState] = useState<"loading" | "shown" | Error>("loading");
  const [attempt, setAttempt] = useState(0);
  const frame = useRef<HTMLDivElement>(null);
  const address = (width: number) =>
    `/v1/documents/${encodeURIComponent(documentId)}/pages/${page.number}/image?width=${width}`;

  useEffect(() => {
    if (boxes.length === 0) return;
    const mark = frame.current?.querySelector("[data-box]");
    const place = mark?.getBoundingClientRect();
    if (place && (place.top < 0 || place.bottom > innerHeight * 0.85))
      mark?.scrollIntoView({ block: "center", inline: "center" });
  }, [boxes]);

  async function explain() {
    // An image that fails says nothing; the same address as data does.
    const answer = await fetch(address(WIDTHS[1])).catch((error: unknown) => toProblem(error));
    if (answer instanceof Error) setState(answer);
    else if (answer.ok) setState(new Error("The browser could not show the picture."));
    else setState(await problemFrom(answer));
  }

  if (state instanceof Error) {
    return (
      <Problem
        error={state}
        onRetry={() => {
          setState("loading");
          setAttempt(attempt + 1);
        }}
      />
    );
  }
  return (
    <div
      className={cx("overflow-auto border border-rule", zoomed && "max-h-[85dvh]")}
      data-page={page.number}
    >
      <div
        ref={frame}
        className={cx("relative bg-page", zoomed ? "w-[220%]" : "w-full")}
        style={{ aspectRatio: `${page.width} / ${page.height}` }}
      >
        {state === "loading" && <Drawing number={page.number} />}
        <img
          key={attempt}
          alt={label}
          src={address(WIDTHS[1])}
          srcSet={WIDTHS.map((width) => `${address(width)} ${width}w`).join(", ")}
          sizes={zoomed ? "(min-width: 48rem) 100rem, 220vw" : "(min-width: 48rem) 46rem, 100vw"}
          loading="lazy"
          decoding="async"
          className="absolute inset-0 size-full mix-blend-multiply"
          onLoad={() => setState("shown")}
          onError={() => void explain()}
        />
        {state === "shown" &&
          boxes.map((box) => (
            <span
              key={`${box.x0} ${box.y0}`}
              data-box=""
              aria-hidden
              className="pointer-events-none absolute rounded-sm bg-page-mark outline-1 outline-page-mark-edge mix-blend-multiply"
              style={{
                left: `${100 * box.x0}%`,
                top: `${100 * box.y0}%`,
                width: `${100 * (box.x1 - box.x0)}%`,
                height: `${100 * (box.y1 - box.y0)}%`,
              }}
            />
          ))}
      </div>
    </div>
  );
}

/** What stands on the paper until the picture is there: lines like those of a text, and in words what is awaited. */
function Drawing({ number }: { number: number }) {
  return (
    <div className="absolute inset-0 flex flex-col px-[12%] py-[11%]">
      <p role="status" className="text-sm text-page-ink">
        Drawing page {number}
      </p>
      <div
        aria-hidden
        className="mt-[6%] flex-1 animate-pulse bg-[repeating-linear-gradient(var(--page-line)_0_0.6rem,transparent_0_1.6rem)]"
      />
    </div>
  );
}

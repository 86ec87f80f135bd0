import type { Segment } from "@/lib/text-spans";

/** Text with its marked parts highlighted. */
export function MarkedText({ segments }: { segments: readonly Segment[] }) {
  let at = 0;
  return segments.map((segment) => {
    const key = at;
    at += segment.text.length;
    return segment.marked ? <mark key={key}>{segment.text}</mark> : <span key={key}>{segment.text}</span>;
  });
}

import { useMutation } from "@tanstack/react-query";
import { type RetentionPreview, type RetentionRuleBody, retentionPreview } from "@/client";
import { cx } from "@/lib/cx";
import { age, number, plural, sourceName, typeName } from "@/lib/format";

export const retentionKey = ["retention-rules"] as const;

/** What a rule would take now. */
export function usePreview() {
  return useMutation({
    mutationFn: async (body: RetentionRuleBody) => (await retentionPreview({ body })).data,
  });
}

/** A rule's action and conditions in one sentence. */
export function inWords({ action, conditions, keep_cited }: RetentionRuleBody): string {
  const { older_than_days: days, age_of, quality_below: quality, partial } = conditions;
  const lists = [
    ["from", conditions.source],
    ["in", conditions.folder],
    ["tagged", conditions.tag],
    ["of type", conditions.type?.map(typeName)],
  ] as const;
  const parts = [
    days != null && `${age_of ?? "published"} more than ${plural(days, "day")} ago`,
    ...lists.map(
      ([word, values]) =>
        values?.length && `${word} ${values.map((each) => each || "no folder").join(" or ")}`,
    ),
    quality != null && `of a quality below ${quality}`,
    partial != null && (partial ? "of which only a part is there" : "that are whole"),
    keep_cited && "that no answer rests on",
  ];
  return `${action === "delete" ? "Deletes" : "Archives"} documents ${parts.filter(Boolean).join(", ")}.`;
}

/** How many documents a rule would take, and the oldest of them. */
export function Preview({ found, action }: { found: RetentionPreview; action: "delete" | "archive" }) {
  return (
    <div
      role="status"
      className={cx(
        "border-l-2 bg-sunken px-4 py-2 text-sm",
        action === "delete" && found.count > 0 ? "border-failure" : "border-rule",
      )}
    >
      <p className="font-medium">
        {found.count === 0
          ? "It takes no document now."
          : `It ${action}s ${plural(found.count, "document")} now${found.examples.length < found.count ? "; the oldest:" : ":"}`}
      </p>
      <ul className="mt-1">
        {found.examples.map(({ id, title, source, published_at, first_seen_at }) => (
          <li key={id} className="flex gap-x-2">
            <span className="min-w-0 truncate">{title || "Untitled"}</span>
            <span className="shrink-0 text-muted max-sm:hidden">{sourceName(source)}</span>
            <span className="ml-auto shrink-0 text-muted">{age(published_at ?? first_seen_at)}</span>
          </li>
        ))}
      </ul>
      {found.kept_cited > 0 && (
        <p className="mt-1 text-muted">
          {number(found.kept_cited)} more are kept because answers rest on them.
        </p>
      )}
    </div>
  );
}

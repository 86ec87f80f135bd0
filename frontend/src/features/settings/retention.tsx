import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import {
  type RetentionRuleResource,
  retentionRulesApply,
  retentionRulesDelete,
  retentionRulesList,
} from "@/client";
import { Button } from "@/components/ui/button";
import { Confirm } from "@/components/ui/confirm";
import { Problem, Skeleton } from "@/components/ui/states";
import { Time } from "@/components/ui/time";
import { useMayWrite } from "@/features/auth/session";
import { announce } from "@/lib/announce";
import { plural } from "@/lib/format";
import { RetentionForm } from "./retention-form";
import { inWords, retentionKey, usePreview } from "./retention-preview";

const LOOK_MS = 1_000;

/** What is kept for how long: rules that archive or delete every night. */
export default function Retention() {
  const [editing, setEditing] = useState<RetentionRuleResource | "new" | null>(null);
  const mayWrite = useMayWrite();
  const list = useQuery({
    queryKey: retentionKey,
    queryFn: async ({ signal }) => (await retentionRulesList({ signal })).data,
  });
  return (
    <>
      {list.error && <Problem error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Skeleton lines={2} />}
      {list.data?.data.length === 0 && (
        <p className="text-sm text-muted">
          No rules: everything is kept. A rule archives or deletes documents every night, by age, source,
          folder, tag, type or quality.
        </p>
      )}
      {list.data && (
        <ul>
          {list.data.data.map((rule) => (
            <RuleRow key={rule.id} rule={rule} onEdit={mayWrite ? () => setEditing(rule) : undefined} />
          ))}
        </ul>
      )}
      {mayWrite && (
        <Button className="mt-4" onClick={() => setEditing("new")}>
          Add a retention rule
        </Button>
      )}
      {editing && (
        <RetentionForm rule={editing === "new" ? undefined : editing} onClose={() => setEditing(null)} />
      )}
    </>
  );
}

function RuleRow({ rule, onEdit }: { rule: RetentionRuleResource; onEdit: (() => void) | undefined }) {
  const queryClient = useQueryClient();
  const [asking, setAsking] = useState<"apply" | "remove" | null>(null);
  const preview = usePreview();
  const done = (words: string) => {
    announce(words);
    return queryClient.invalidateQueries({ queryKey: retentionKey });
  };
  const path = { rule_id: rule.id };
  const remove = useMutation({
    mutationFn: () => retentionRulesDelete({ path }),
    onSuccess: () => done(`Rule ${rule.name} removed`),
  });
  const apply = useMutation({
    mutationFn: async () => {
      await retentionRulesApply({ path });
      return { before: rule.applied_at };
    },
    onSuccess: () => done(`Rule ${rule.name} is being applied`),
  });
  // A worker applies it; the row says so until the rule tells of another time.
  const waiting = apply.isSuccess && apply.data.before === rule.applied_at;
  useEffect(() => {
    if (!waiting) return;
    const timer = setInterval(() => void queryClient.invalidateQueries({ queryKey: retentionKey }), LOOK_MS);
    return () => clearInterval(timer);
  }, [waiting, queryClient]);
  const busy = remove.isPending || apply.isPending || preview.isPending || waiting;
  const problem = remove.error ?? apply.error ?? preview.error;
  const count = preview.data?.count ?? 0;
  const verb = rule.action === "delete" ? "Delete" : "Archive";
  const { id: _, created_at: __, applied_at, applied_count, ...body } = rule;

  function askToApply() {
    apply.reset();
    preview.mutate(body, { onSuccess: (found) => setAsking(found.count > 0 ? "apply" : null) });
  }

  return (
    <li className="flex flex-wrap items-start gap-x-4 gap-y-1 border-b border-rule py-2 text-sm first:pt-0">
      <div className="min-w-0 flex-1 basis-64">
        <p>
          {rule.name}
          {!rule.is_enabled && <span className="ml-2 text-xs text-muted">switched off</span>}
        </p>
        <p className="text-xs text-muted">{inWords(rule)}</p>
        <p className="text-xs text-muted">
          {applied_at ? (
            <>
              Applied <Time at={applied_at} label="Applied" />: {plural(applied_count, "document")}{" "}
              {rule.action === "delete" ? "deleted" : "archived"}
              {rule.action === "archive" && applied_count > 0 && (
                <>
                  .{" "}
                  <Link to="/library" search={{ status: "archived" }} className="link">
                    See what is archived
                  </Link>
                </>
              )}
            </>
          ) : (
            "Not applied yet"
          )}
        </p>
        <p role="status" className="text-xs">
          {waiting && "It is being applied now."}
          {preview.data?.count === 0 && "It takes no document now, so there is nothing to apply."}
        </p>
        {problem && <Problem error={problem} className="mt-2" />}
      </div>
      {onEdit && (
        <div className="flex gap-2">
          <Button size="small" onClick={askToApply} disabled={busy} aria-label={`Apply ${rule.name} now`}>
            Apply now
          </Button>
          <Button size="small" onClick={onEdit} aria-label={`Edit ${rule.name}`}>
            Edit
          </Button>
          <Button
            size="small"
            onClick={() => setAsking("remove")}
            disabled={busy}
            aria-label={`Remove ${rule.name}`}
          >
            Remove
          </Button>
        </div>
      )}
      <Confirm
        open={asking === "apply"}
        onOpenChange={() => setAsking(null)}
        title={`${verb} ${plural(count, "document")} now?`}
        consequence={
          rule.action === "delete"
            ? "They disappear at once, with every earlier answer that quotes one of them. This cannot be undone."
            : "They leave search and lists, and can be restored from the library."
        }
        action={`${verb} ${plural(count, "document")}`}
        look={rule.action === "delete" ? "danger" : "primary"}
        onConfirm={() => apply.mutate()}
      />
      <Confirm
        open={asking === "remove"}
        onOpenChange={() => setAsking(null)}
        title={`Remove the rule ${rule.name}?`}
        consequence="It is applied no more. What it archived or deleted stays so."
        action="Remove"
        onConfirm={() => remove.mutate()}
      />
    </li>
  );
}

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { siteRulesDelete, siteRulesList } from "@/client";
import { Button } from "@/components/ui/button";
import { Confirm } from "@/components/ui/confirm";
import { Problem, Skeleton } from "@/components/ui/states";
import { useMayWrite } from "@/features/auth/session";
import { announce } from "@/lib/announce";
import type { SiteRule } from "@/lib/api-types";
import { PARTS, SiteRuleForm, siteRulesKey } from "./site-rule-form";

/** How the pages of some domains are read where the general reading errs. */
export function SiteRules() {
  const [editing, setEditing] = useState<SiteRule | "new" | null>(null);
  const mayWrite = useMayWrite();
  const list = useQuery({
    queryKey: siteRulesKey,
    queryFn: async ({ signal }) => (await siteRulesList({ signal })).data,
  });
  return (
    <>
      {list.error && <Problem error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Skeleton lines={2} />}
      {list.data?.data.length === 0 && (
        <p className="text-sm text-muted">
          No rules. Where the text of a site is read badly, a rule says where its parts stand.
        </p>
      )}
      {list.data && (
        <ul>
          {list.data.data.map((rule) => (
            <RuleRow key={rule.domain} rule={rule} onEdit={mayWrite ? () => setEditing(rule) : undefined} />
          ))}
        </ul>
      )}
      {mayWrite && (
        <Button className="mt-4" onClick={() => setEditing("new")}>
          Add a rule
        </Button>
      )}
      {editing && (
        <SiteRuleForm rule={editing === "new" ? undefined : editing} onClose={() => setEditing(null)} />
      )}
    </>
  );
}

function RuleRow({ rule, onEdit }: { rule: SiteRule; onEdit: (() => void) | undefined }) {
  const queryClient = useQueryClient();
  const [asking, setAsking] = useState(false);
  const remove = useMutation({
    mutationFn: () => siteRulesDelete({ path: { domain: rule.domain } }),
    onSuccess: () => {
      announce(`Rule for ${rule.domain} deleted`);
      return queryClient.invalidateQueries({ queryKey: siteRulesKey });
    },
  });
  return (
    <li className="flex flex-wrap items-start gap-x-4 gap-y-1 border-b border-rule py-2 text-sm first:pt-0">
      <div className="min-w-0 flex-1">
        <p>{rule.domain}</p>
        <dl className="text-xs text-muted">
          {PARTS.filter(({ name }) => rule[name]).map(({ name, label }) => (
            <div key={name} className="flex gap-1.5">
              <dt>{label}</dt>
              <dd className="font-mono break-all">{rule[name]}</dd>
            </div>
          ))}
        </dl>
        {remove.error && <Problem error={remove.error} className="mt-2" />}
      </div>
      {onEdit && (
        <div className="flex gap-2">
          <Button size="small" onClick={onEdit} aria-label={`Edit the rule for ${rule.domain}`}>
            Edit
          </Button>
          <Button
            size="small"
            onClick={() => setAsking(true)}
            disabled={remove.isPending}
            aria-label={`Delete the rule for ${rule.domain}`}
          >
            Delete
          </Button>
        </div>
      )}
      <Confirm
        open={asking}
        onOpenChange={setAsking}
        title={`Delete the rule for ${rule.domain}?`}
        consequence="Its pages are read in the general way from now on. Documents that are stored stay as they are."
        action="Delete"
        onConfirm={() => remove.mutate()}
      />
    </li>
  );
}

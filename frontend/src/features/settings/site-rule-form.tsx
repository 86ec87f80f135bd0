import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { siteRulesPut } from "@/client";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { FormField } from "@/components/ui/form-field";
import { Problem } from "@/components/ui/states";
import type { SiteRule } from "@/lib/api-types";
import { fieldReason } from "@/lib/problem";

export const siteRulesKey = ["site-rules"] as const;

/** The parts of a page that a rule can name. */
export const PARTS = [
  { name: "content", label: "Text", hint: "Where the article stands, such as: div.story-body" },
  { name: "remove", label: "Remove", hint: "What is no part of it, such as: aside, .related" },
  { name: "title", label: "Title", hint: undefined },
  { name: "authors", label: "Authors", hint: undefined },
  { name: "published", label: "Published", hint: undefined },
] as const;

/** Add a rule, or change one. */
export function SiteRuleForm({ rule, onClose }: { rule: SiteRule | undefined; onClose: () => void }) {
  const queryClient = useQueryClient();
  const save = useMutation({
    mutationFn: (form: FormData) => {
      const said = (name: string) => String(form.get(name) ?? "").trim() || null;
      const body = {
        content: said("content"),
        remove: said("remove"),
        title: said("title"),
        authors: said("authors"),
        published: said("published"),
      };
      return siteRulesPut({ path: { domain: rule?.domain ?? String(form.get("domain")).trim() }, body });
    },
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: siteRulesKey });
      onClose();
    },
  });

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    save.mutate(new FormData(event.currentTarget));
  }

  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={rule ? `Rule for ${rule.domain}` : "Add a rule"}
      description="CSS selectors, or XPath when they begin with / or (. What is left empty is found in the general way."
    >
      <form onSubmit={submit} className="space-y-4">
        {!rule && (
          <FormField
            label="Domain"
            name="domain"
            required
            maxLength={253}
            placeholder="example.org"
            autoComplete="off"
            hint="Its subdomains are included."
            reason={fieldReason(save.error, "domain")}
          />
        )}
        {PARTS.map(({ name, label, hint }) => (
          <FormField
            key={name}
            label={label}
            name={name}
            maxLength={500}
            defaultValue={rule?.[name] ?? ""}
            autoComplete="off"
            spellCheck={false}
            reason={fieldReason(save.error, name)}
            {...(hint && { hint })}
          />
        ))}
        {save.error && <Problem error={save.error} />}
        <Button type="submit" look="primary" disabled={save.isPending}>
          Save
        </Button>
      </form>
    </Dialog>
  );
}

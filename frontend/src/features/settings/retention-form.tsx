import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useId, useState } from "react";
import {
  type RetentionRuleBody,
  type RetentionRuleResource,
  retentionRulesCreate,
  retentionRulesReplace,
} from "@/client";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { FormField } from "@/components/ui/form-field";
import { Problem } from "@/components/ui/states";
import { announce } from "@/lib/announce";
import type { DocumentType } from "@/lib/api-types";
import { typeName } from "@/lib/format";
import { fieldReason } from "@/lib/problem";
import { Preview, retentionKey, usePreview } from "./retention-preview";

const LISTS = [
  {
    name: "source",
    label: "From sources",
    hint: "Hosts such as news.example.org, or upload; commas between",
  },
  { name: "folder", label: "In folders", hint: "With the folders below; commas between" },
  { name: "tag", label: "Tagged", hint: "Any of these; commas between" },
] as const;
const TYPES = ["csv", "docx", "html", "image", "markdown", "pdf", "text"] as const satisfies DocumentType[];

/** Write a rule, look at what it would take, then save it. */
export function RetentionForm({
  rule,
  onClose,
}: {
  rule: RetentionRuleResource | undefined;
  onClose: () => void;
}) {
  const queryClient = useQueryClient();
  const formId = useId();
  const preview = usePreview();
  // What the preview is of; a change of the form makes it old.
  const [seen, setSeen] = useState<RetentionRuleBody | null>(null);
  const save = useMutation({
    mutationFn: (body: RetentionRuleBody) =>
      rule ? retentionRulesReplace({ path: { rule_id: rule.id }, body }) : retentionRulesCreate({ body }),
    onSuccess: async () => {
      announce("Retention rule saved");
      await queryClient.invalidateQueries({ queryKey: retentionKey });
      onClose();
    },
  });

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    if (seen) {
      save.mutate(seen);
      return;
    }
    const body = bodyOf(new FormData(event.currentTarget));
    preview.mutate(body, { onSuccess: () => setSeen(body) });
  }

  const problem = save.error ?? preview.error;
  const conditions = rule?.conditions;
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={rule ? `Rule ${rule.name}` : "Add a retention rule"}
      description="It takes the documents for which all that you fill in holds."
      wide
      footer={
        <div className="space-y-3">
          {problem && <Problem error={problem} />}
          {seen && preview.data && <Preview found={preview.data} action={seen.action} />}
          <Button type="submit" form={formId} look="primary" disabled={preview.isPending || save.isPending}>
            {seen ? "Save the rule" : "Show what it takes"}
          </Button>
        </div>
      }
    >
      <form id={formId} onSubmit={submit} onChange={() => setSeen(null)} className="space-y-4">
        <FormField
          label="Name"
          name="name"
          required
          maxLength={200}
          defaultValue={rule?.name}
          autoComplete="off"
          reason={fieldReason(problem, "name")}
        />
        <Choices legend="What happens to them">
          <Choice type="radio" name="action" value="archive" chosen={rule?.action !== "delete"}>
            Archive: out of search and lists, and can be restored
          </Choice>
          <Choice type="radio" name="action" value="delete" chosen={rule?.action === "delete"}>
            Delete for good
          </Choice>
        </Choices>
        <div className="grid grid-cols-2 gap-4">
          <FormField
            label="Older than (days)"
            name="older_than_days"
            type="number"
            min={0}
            max={36500}
            defaultValue={conditions?.older_than_days ?? ""}
            reason={fieldReason(problem, "older_than_days")}
          />
          <Select label="Since it was" name="age_of" value={conditions?.age_of ?? "published"}>
            <option value="published">published</option>
            <option value="added">added</option>
          </Select>
        </div>
        {LISTS.map(({ name, label, hint }) => (
          <FormField
            key={name}
            label={label}
            name={name}
            defaultValue={conditions?.[name]?.join(", ") ?? ""}
            autoComplete="off"
            spellCheck={false}
            reason={fieldReason(problem, name)}
            hint={hint}
          />
        ))}
        <Choices legend="Of type" inline>
          {TYPES.map((type) => (
            <Choice
              key={type}
              type="checkbox"
              name="type"
              value={type}
              chosen={conditions?.type?.includes(type) ?? false}
            >
              {typeName(type)}
            </Choice>
          ))}
        </Choices>
        <div className="grid grid-cols-2 gap-4">
          <FormField
            label="Quality below (0 to 1)"
            name="quality_below"
            type="number"
            min={0}
            max={1}
            step={0.05}
            defaultValue={conditions?.quality_below ?? ""}
            reason={fieldReason(problem, "quality_below")}
          />
          <Select label="Completeness" name="partial" value={String(conditions?.partial ?? "")}>
            <option value="">any</option>
            <option value="true">only part of the story is there</option>
            <option value="false">all of it is there</option>
          </Select>
        </div>
        <Choices legend="Also">
          <Choice type="checkbox" name="keep_cited" value="on" chosen={rule?.keep_cited ?? true}>
            Keep documents that stored answers rest on
          </Choice>
          <Choice type="checkbox" name="is_enabled" value="on" chosen={rule?.is_enabled ?? true}>
            Apply the rule every night
          </Choice>
        </Choices>
      </form>
    </Dialog>
  );
}

function bodyOf(form: FormData): RetentionRuleBody {
  const said = (name: string) => String(form.get(name) ?? "").trim();
  const count = (name: string) => (said(name) === "" ? null : Number(said(name)));
  const list = (name: string) =>
    said(name)
      .split(",")
      .map((each) => each.trim())
      .filter(Boolean);
  return {
    name: said("name"),
    action: said("action") === "delete" ? "delete" : "archive",
    conditions: {
      older_than_days: count("older_than_days"),
      age_of: said("age_of") === "added" ? "added" : "published",
      source: list("source"),
      folder: list("folder"),
      tag: list("tag"),
      type: TYPES.filter((type) => form.getAll("type").includes(type)),
      quality_below: count("quality_below"),
      partial: said("partial") === "" ? null : said("partial") === "true",
    },
    keep_cited: form.has("keep_cited"),
    is_enabled: form.has("is_enabled"),
  };
}

function Choices(props: { legend: string; inline?: boolean; children: ReactNode }) {
  return (
    <fieldset className="text-sm">
      <legend className="mb-1 font-medium">{props.legend}</legend>
      <div className={props.inline ? "flex flex-wrap gap-x-5" : undefined}>{props.children}</div>
    </fieldset>
  );
}

interface ChoiceProps {
  type: "radio" | "checkbox";
  name: string;
  value: string;
  chosen: boolean;
  children: ReactNode;
}

function Choice({ type, name, value, chosen, children }: ChoiceProps) {
  return (
    <label className="flex items-center gap-2 py-1">
      <input
        type={type}
        name={name}
        value={value}
        defaultChecked={chosen}
        className="size-4 accent-(--accent)"
      />
      {children}
    </label>
  );
}

function Select(props: { label: string; name: string; value: string; children: ReactNode }) {
  return (
    <label className="block text-sm font-medium">
      <span className="mb-1 block">{props.label}</span>
      <select name={props.name} defaultValue={props.value} className="field">
        {props.children}
      </select>
    </label>
  );
}

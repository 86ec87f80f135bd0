import type { FormEvent } from "react";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { FormField } from "@/components/ui/form-field";
import { Problem } from "@/components/ui/states";
import type { NewsSource } from "@/lib/api-types";
import { fieldReason } from "@/lib/problem";
import { useChangeSource } from "./mutations";
import { useSources } from "./queries";
import { readSourceFields, SourceFields } from "./source-fields";
import { foldersOf } from "./source-params";

/** Change how a source is called and where it is kept. */
export function EditSource({ source, onClose }: { source: NewsSource; onClose: () => void }) {
  const change = useChangeSource(source, onClose);
  const { rows } = useSources();

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    change.mutate({ title: String(form.get("title")).trim(), ...readSourceFields(form) });
  }

  return (
    <Dialog open onOpenChange={onClose} title="Edit source" description={source.url}>
      <form onSubmit={submit} className="space-y-4">
        <FormField
          label="Title"
          name="title"
          required
          maxLength={300}
          defaultValue={source.title}
          reason={fieldReason(change.error, "title")}
        />
        <SourceFields
          folders={foldersOf(rows)}
          folder={source.folder}
          category={source.category}
          error={change.error}
        />
        {change.error && <Problem error={change.error} />}
        <Button type="submit" look="primary" disabled={change.isPending}>
          Save
        </Button>
      </form>
    </Dialog>
  );
}

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { apiKeysCreate } from "@/client";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { FormField } from "@/components/ui/form-field";
import { Problem } from "@/components/ui/states";
import { announce } from "@/lib/announce";
import { isoDay } from "@/lib/format";
import { fieldReason } from "@/lib/problem";
import { apiKeysKey } from "./api-keys";

/** Name a key, choose what it may do, and see it the one time it can be seen. */
export function CreateKey({ onClose }: { onClose: () => void }) {
  const queryClient = useQueryClient();
  const create = useMutation({
    mutationFn: async (form: FormData) => {
      const until = String(form.get("expires") ?? "");
      const body = {
        name: String(form.get("name")).trim(),
        scope: form.get("scope") === "write" ? ("write" as const) : ("read" as const),
        ...(until && { expires_at: new Date(`${until}T23:59:59`).toISOString() }),
      };
      return (await apiKeysCreate({ body })).data;
    },
    onSuccess: () => queryClient.invalidateQueries({ queryKey: apiKeysKey }),
  });

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    create.mutate(new FormData(event.currentTarget));
  }

  if (create.data) {
    return (
      <Dialog
        open
        onOpenChange={onClose}
        title="Copy the key now"
        description="It is shown this once. Tidings keeps only a fingerprint of it."
      >
        <ShownOnce secret={create.data.key} onClose={onClose} />
      </Dialog>
    );
  }
  return (
    <Dialog open onOpenChange={onClose} title="Create a key">
      <form onSubmit={submit} className="space-y-4">
        <FormField
          label="Name"
          name="name"
          required
          maxLength={100}
          hint="What will use it, such as: newsroom export"
          reason={fieldReason(create.error, "name")}
        />
        <fieldset className="text-sm">
          <legend className="mb-1 font-medium">It may</legend>
          <label className="flex items-center gap-2 py-1">
            <input
              type="radio"
              name="scope"
              value="read"
              defaultChecked
              className="size-4 accent-(--accent)"
            />
            read: search, ask and fetch documents
          </label>
          <label className="flex items-center gap-2 py-1">
            <input type="radio" name="scope" value="write" className="size-4 accent-(--accent)" />
            also write: add and delete documents
          </label>
        </fieldset>
        <FormField
          label="Valid until (optional)"
          name="expires"
          type="date"
          min={isoDay(-1)}
          reason={fieldReason(create.error, "expires_at")}
        />
        {create.error && <Problem error={create.error} />}
        <Button type="submit" look="primary" disabled={create.isPending}>
          Create key
        </Button>
      </form>
    </Dialog>
  );
}

function ShownOnce({ secret, onClose }: { secret: string; onClose: () => void }) {
  const [copied, setCopied] = useState(false);
  async function copy() {
    await navigator.clipboard.writeText(secret);
    setCopied(true);
    announce("Key copied");
  }
  return (
    <>
      <input
        readOnly
        aria-label="The new key"
        className="field font-mono text-sm"
        value={secret}
        onFocus={(event) => event.currentTarget.select()}
      />
      <div className="mt-4 flex gap-2">
        {"clipboard" in navigator && (
          <Button look="primary" onClick={() => void copy()}>
            {copied ? "Copied" : "Copy"}
          </Button>
        )}
        <Button onClick={onClose}>Done</Button>
      </div>
    </>
  );
}

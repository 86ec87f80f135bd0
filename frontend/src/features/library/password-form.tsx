import type { FormEvent } from "react";
import { Button } from "@/components/ui/button";
import { Problem } from "@/components/ui/states";
import { useRetryDocument } from "@/features/documents/queries";
import type { TidingsDocument } from "@/lib/api-types";

/** Opens a locked PDF: it is read again with what is typed here. */
export function PasswordForm({ document }: { document: TidingsDocument }) {
  const retry = useRetryDocument(document.id);
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    retry.mutate(String(new FormData(form).get("password")), { onSuccess: () => form.reset() });
  }
  return (
    <form onSubmit={submit} className="relative z-10 mt-2 flex max-w-sm gap-2">
      <input
        name="password"
        type="password"
        required
        maxLength={500}
        autoComplete="off"
        aria-label={`Password of ${document.title}`}
        placeholder="Password"
        className="field field-small min-w-0 flex-1"
      />
      <Button type="submit" disabled={retry.isPending} className="h-8">
        Open
      </Button>
      {retry.error && <Problem error={retry.error} />}
    </form>
  );
}

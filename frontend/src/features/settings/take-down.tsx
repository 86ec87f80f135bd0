import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { takedownsCreate } from "@/client";
import { Button } from "@/components/ui/button";
import { Confirm } from "@/components/ui/confirm";
import { Dialog } from "@/components/ui/dialog";
import { FormField } from "@/components/ui/form-field";
import { Problem } from "@/components/ui/states";
import { refreshLists } from "@/features/documents/queries";
import { announce } from "@/lib/announce";
import { plural } from "@/lib/format";
import { fieldReason } from "@/lib/problem";

export const takedownsKey = ["takedowns"] as const;

interface Wish {
  domain: string;
  reason: string;
}

/** Name a domain and the reason; asked once more, since it cannot be undone. */
export function TakeDown({ onClose }: { onClose: () => void }) {
  const queryClient = useQueryClient();
  const [wish, setWish] = useState<Wish>({ domain: "", reason: "" });
  const [asking, setAsking] = useState(false);
  const takeDown = useMutation({
    mutationFn: async (body: Wish) => (await takedownsCreate({ body })).data,
    onSuccess: async ({ domain, document_count: count }) => {
      announce(`${domain} taken down, ${plural(count, "document")} removed`);
      refreshLists(queryClient);
      for (const key of ["sources", "source"]) void queryClient.invalidateQueries({ queryKey: [key] });
      await queryClient.invalidateQueries({ queryKey: takedownsKey });
      onClose();
    },
  });

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setWish({ domain: String(form.get("domain")).trim(), reason: String(form.get("reason")).trim() });
    setAsking(true);
  }

  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Take a domain down"
      description="Its documents and those of its subdomains are removed at once, and it is not fetched again."
    >
      <form onSubmit={submit} className="space-y-4">
        <FormField
          label="Domain"
          name="domain"
          required
          maxLength={253}
          placeholder="example.org"
          autoComplete="off"
          reason={fieldReason(takeDown.error, "domain")}
        />
        <FormField
          label="Reason"
          name="reason"
          required
          minLength={3}
          maxLength={1000}
          placeholder="Publisher asked on 3 November"
          hint="Kept in the record of take-downs."
          reason={fieldReason(takeDown.error, "reason")}
        />
        {takeDown.error && <Problem error={takeDown.error} />}
        <Button type="submit" look="danger" disabled={takeDown.isPending}>
          Take down
        </Button>
      </form>
      <Confirm
        open={asking}
        onOpenChange={setAsking}
        title={`Take ${wish.domain} down?`}
        consequence="All its documents disappear at once, with every earlier answer that quotes them, and its sources pause. This cannot be undone."
        action="Take down"
        onConfirm={() => takeDown.mutate(wish)}
      />
    </Dialog>
  );
}

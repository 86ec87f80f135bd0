import { useEffect, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { FormField } from "@/components/ui/form-field";
import { Problem } from "@/components/ui/states";
import { fieldReason } from "@/lib/problem";

interface NameDialogProps {
  open: boolean;
  title: string;
  description?: string;
  action: string;
  /** What it is called at first. */
  name: string;
  error: Error | null;
  pending: boolean;
  onClose: () => void;
  onName: (name: string) => void;
}

/** Asks for the name of a search. */
export function NameDialog(props: NameDialogProps) {
  const { open, title, description, action, name, error, pending, onClose, onName } = props;
  const [text, setText] = useState(name);
  useEffect(() => {
    if (open) setText(name);
  }, [open, name]);
  const reason = fieldReason(error, "name");
  return (
    <Dialog open={open} onOpenChange={onClose} title={title} {...(description && { description })}>
      <form
        className="space-y-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim()) onName(text.trim());
        }}
      >
        <FormField
          label="Name"
          value={text}
          maxLength={200}
          reason={reason}
          onChange={(event) => setText(event.target.value)}
        />
        {error && !reason && <Problem error={error} />}
        <div className="flex justify-end">
          <Button type="submit" look="primary" disabled={pending || text.trim() === ""}>
            {action}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

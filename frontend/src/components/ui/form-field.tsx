import { type ComponentProps, useId } from "react";

interface FormFieldProps extends ComponentProps<"input"> {
  label: string;
  hint?: string;
  reason?: string | undefined;
}

/** A labelled input with its hint and, when the server refused the value, the reason. */
export function FormField({ label, hint, reason, ...input }: FormFieldProps) {
  const id = useId();
  const described = [hint && !reason && `${id}-hint`, reason && `${id}-reason`].filter(Boolean).join(" ");
  return (
    <div>
      <label htmlFor={id} className="mb-1 block text-sm font-medium">
        {label}
      </label>
      <input
        id={id}
        className="field"
        aria-invalid={reason ? true : undefined}
        aria-describedby={described || undefined}
        {...input}
      />
      {hint && !reason && (
        <p id={`${id}-hint`} className="mt-1 text-xs text-muted">
          {hint}
        </p>
      )}
      {reason && (
        <p id={`${id}-reason`} className="mt-1 text-xs text-failure">
          {reason}
        </p>
      )}
    </div>
  );
}

import { useId } from "react";
import { cx } from "@/lib/cx";

interface SwitchRowProps<Value> {
  /** What is chosen, for who cannot see it. */
  label: string;
  choices: readonly { label: string; value: Value }[];
  chosen: Value;
  onChoose: (value: Value) => void;
  className?: string;
}

/** A few words in a row, of which one holds: an order, what a list shows. */
export function SwitchRow<Value>({ label, choices, chosen, onChoose, className }: SwitchRowProps<Value>) {
  const name = useId();
  return (
    <div role="radiogroup" aria-label={label} className={cx("flex gap-3", className)}>
      {choices.map((choice) => (
        <label
          key={choice.label}
          className={cx(
            "cursor-pointer border-b py-1 has-[:focus-visible]:outline-2 has-[:focus-visible]:outline-accent pointer-coarse:py-2.5",
            chosen === choice.value ? "border-ink font-medium text-ink" : "border-transparent hover:text-ink",
          )}
        >
          <input
            type="radio"
            name={name}
            className="sr-only"
            checked={chosen === choice.value}
            onChange={() => onChoose(choice.value)}
          />
          {choice.label}
        </label>
      ))}
    </div>
  );
}

import type { ComponentProps } from "react";
import { cx } from "@/lib/cx";

type Look = "primary" | "secondary" | "quiet" | "danger";

interface ButtonProps extends ComponentProps<"button"> {
  look?: Look;
  size?: "small" | "icon";
}

/** The class names of a button, for links that look like one. */
export const buttonClass = (look: Look = "secondary", size?: "small" | "icon") =>
  cx("button", `button-${look}`, size && `button-${size}`);

export function Button({ look, size, className, type = "button", ...props }: ButtonProps) {
  return <button type={type} className={cx(buttonClass(look, size), className)} {...props} />;
}

import { createFileRoute } from "@tanstack/react-router";
import { LoginScreen } from "@/features/auth/login-screen";

export const Route = createFileRoute("/login")({
  validateSearch: (raw: Record<string, unknown>): { next?: string } =>
    typeof raw.next === "string" ? { next: raw.next } : {},
  component: Login,
});

function Login() {
  const { next } = Route.useSearch();
  return <LoginScreen next={next} />;
}

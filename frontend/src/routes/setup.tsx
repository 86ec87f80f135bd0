import { createFileRoute } from "@tanstack/react-router";
import { SetupScreen } from "@/features/auth/setup-screen";

export const Route = createFileRoute("/setup")({
  validateSearch: (raw: Record<string, unknown>): { token?: string } =>
    typeof raw.token === "string" ? { token: raw.token } : {},
  component: Setup,
});

function Setup() {
  const { token } = Route.useSearch();
  return <SetupScreen token={token} />;
}

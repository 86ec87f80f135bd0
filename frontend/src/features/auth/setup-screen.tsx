import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { setupCreate, setupGet } from "@/client";
import { Button, buttonClass } from "@/components/ui/button";
import { FormField } from "@/components/ui/form-field";
import { Problem, Skeleton } from "@/components/ui/states";
import { ApiProblem, fieldReason } from "@/lib/problem";
import { FrontPage } from "./front-page";
import { meKey } from "./session";

const NEW_LINK =
  "The link is in the server's log, in containers that of the gateway; it prints a new one each time it starts without an owner.";

function refusesLink(error: Error | null): boolean {
  return (
    error instanceof ApiProblem &&
    (error.code === "setup_link_invalid" || fieldReason(error, "token") !== undefined)
  );
}

export function SetupScreen({ token }: { token: string | undefined }) {
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const state = useQuery({ queryKey: ["setup"], queryFn: async () => (await setupGet()).data });
  const setup = useMutation({
    mutationFn: async (form: FormData) => {
      const field = (name: string) => String(form.get(name) ?? "");
      const body = {
        token: token ?? "",
        organisation: field("organisation"),
        name: field("name"),
        email: field("email"),
        password: field("password"),
      };
      return (await setupCreate({ body })).data;
    },
    onSuccess: async (me) => {
      queryClient.clear();
      queryClient.setQueryData(meKey, me);
      await navigate({ to: "/library", replace: true });
    },
    onError: () => undefined,
  });

  if (state.isPending) {
    return (
      <FrontPage title="Set up this server" lead="Looking at the server.">
        <Skeleton lines={4} />
      </FrontPage>
    );
  }
  if (state.data && !state.data.needed) {
    return (
      <FrontPage
        title="This server has an owner"
        lead="The setup link was used. Sign in with the account it created, or ask the owner for one."
      >
        <Link to="/login" className={buttonClass("primary")}>
          Go to sign in
        </Link>
      </FrontPage>
    );
  }
  if (!token || refusesLink(setup.error)) {
    const detail = setup.error?.message ?? "The address you opened carries no setup token.";
    return (
      <FrontPage title={token ? "This setup link no longer works" : "A setup link is needed"} lead={detail}>
        <p className="border-l-2 border-accent pl-4">{NEW_LINK}</p>
        <p className="mt-4 text-sm text-muted">
          A link works once and for a short time, so that only the person at the terminal can become the
          owner.
        </p>
      </FrontPage>
    );
  }

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    setup.mutate(new FormData(event.currentTarget));
  }

  const reason = (name: string) => fieldReason(setup.error, name);
  const inForm = ["organisation", "name", "email", "password"].some((name) => reason(name));
  return (
    <FrontPage title="Set up this server" lead="You become its owner. Search works as soon as you are in.">
      <form onSubmit={submit} className="space-y-4">
        <FormField
          label="Organisation"
          name="organisation"
          autoComplete="organization"
          required
          autoFocus
          reason={reason("organisation")}
        />
        <FormField label="Your name" name="name" autoComplete="name" required reason={reason("name")} />
        <FormField
          label="Email address"
          name="email"
          type="email"
          autoComplete="username"
          required
          reason={reason("email")}
        />
        <FormField
          label="Password"
          name="password"
          type="password"
          autoComplete="new-password"
          required
          hint="At least 10 characters. A few unrelated words are easy to remember and hard to guess."
          reason={reason("password")}
        />
        {setup.error && !inForm && <Problem error={setup.error} />}
        {state.error && <Problem error={state.error} onRetry={() => void state.refetch()} />}
        <Button type="submit" look="primary" className="w-full" disabled={setup.isPending}>
          {setup.isPending ? "Setting up" : "Create the owner account"}
        </Button>
      </form>
    </FrontPage>
  );
}

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useRouter } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { authLogin, setupGet } from "@/client";
import { Button } from "@/components/ui/button";
import { FormField } from "@/components/ui/form-field";
import { Problem } from "@/components/ui/states";
import { safeNext } from "@/lib/search-params";
import { FrontPage } from "./front-page";
import { meKey } from "./session";

export function LoginScreen({ next }: { next: string | undefined }) {
  const queryClient = useQueryClient();
  const router = useRouter();
  const navigate = useNavigate();
  const setup = useQuery({ queryKey: ["setup"], queryFn: async () => (await setupGet()).data });
  const login = useMutation({
    mutationFn: async (body: { email: string; password: string }) => (await authLogin({ body })).data,
    onSuccess: async (me) => {
      // Another person may have signed out here before: nothing of theirs may stay.
      queryClient.clear();
      queryClient.setQueryData(meKey, me);
      await navigate({
        to: "/",
        replace: true,
        ignoreBlocker: true,
        ...(next && { href: safeNext(next) }),
      });
      await router.invalidate();
    },
    onError: () => undefined,
  });

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    login.mutate({ email: String(form.get("email")), password: String(form.get("password")) });
  }

  return (
    <FrontPage
      title="Sign in"
      lead={next ? "Sign in to go on to the page you asked for." : "News and documents, searched and cited."}
    >
      <form onSubmit={submit} className="space-y-4">
        <FormField
          label="Email address"
          name="email"
          type="email"
          autoComplete="username"
          required
          autoFocus
        />
        <FormField
          label="Password"
          name="password"
          type="password"
          autoComplete="current-password"
          required
        />
        {login.error && <Problem error={login.error} />}
        <Button type="submit" look="primary" className="w-full" disabled={login.isPending}>
          {login.isPending ? "Signing in" : "Sign in"}
        </Button>
      </form>
      {setup.data?.needed && (
        <p className="mt-6 text-sm text-muted">
          This server has no owner yet.{" "}
          <Link to="/setup" className="link">
            Set it up
          </Link>
        </p>
      )}
    </FrontPage>
  );
}

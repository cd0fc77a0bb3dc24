/** The page: who is signed in decides between the screens and the form. */
import { MantineProvider } from "@mantine/core";
import { QueryClientProvider, useQuery, useQueryClient } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { lazy, Suspense, useCallback, useEffect, useState } from "react";
import { me, signIn } from "../api/session";
import { LanguageProvider } from "../i18n/LanguageProvider";
import { ProblemNotice } from "../shared/ProblemNotice";
import { isSignedOut, newClient } from "./queries";
import { router } from "./routes";
import { theme } from "./theme";

// Most visits have a session: they load no form.
const SignIn = lazy(async () => ({ default: (await import("./SignIn")).SignIn }));

const queries = newClient();

/** The key of a link such as http://host/#key=wn_…; a fragment reaches no server and no log. */
function takeKeyOfLink(): string | undefined {
  const key = new URLSearchParams(window.location.hash.slice(1)).get("key");
  if (key === null) return undefined;
  window.history.replaceState(null, "", window.location.pathname + window.location.search);
  return key;
}
const keyOfLink = takeKeyOfLink();

export function App() {
  const refresh = useCallback(() => void queries.invalidateQueries(), []);
  return (
    <MantineProvider
      theme={theme}
      defaultColorScheme="auto"
      withCssVariables={false}
      withGlobalClasses={false}
    >
      <QueryClientProvider client={queries}>
        <LanguageProvider onChange={refresh}>
          <Entrance />
        </LanguageProvider>
      </QueryClientProvider>
    </MantineProvider>
  );
}

function Entrance() {
  const client = useQueryClient();
  const [linkProblem, setLinkProblem] = useState<Error>();
  const [isLinkUsed, setLinkUsed] = useState(keyOfLink === undefined);
  const who = useQuery({ ...me, enabled: isLinkUsed });

  useEffect(() => {
    if (isLinkUsed || keyOfLink === undefined) return;
    signIn({ key: keyOfLink, kind: "browser" })
      .catch((error: Error) => setLinkProblem(error))
      .finally(() => setLinkUsed(true));
  }, [isLinkUsed]);

  // Before the data: who was signed in stays known after the session has ended.
  if (isSignedOut(who.error)) {
    return (
      <Suspense>
        {/* Answers for the former person must not be shown to the next one. */}
        <SignIn problem={linkProblem} onSignedIn={() => void client.resetQueries()} />
      </Suspense>
    );
  }
  if (who.data !== undefined) return <RouterProvider router={router} />;
  if (who.error === null) return null;
  return <ProblemNotice error={who.error} onRetry={() => void who.refetch()} />;
}

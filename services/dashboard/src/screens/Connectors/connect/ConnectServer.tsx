/** Connect an OPC UA server: its endpoints, its certificate, its nodes, an edge file. */
import { Button } from "@mantine/core";
import { useState } from "react";
import { useTranslations } from "use-intl";
import type { Connector, Exploration } from "../../../api/connectors";
import { Empty } from "../../../shared/Empty";
import { SelectField, TextField } from "../../../shared/form/Field";
import { ProblemNotice } from "../../../shared/ProblemNotice";
import { Tile } from "../../../shared/Tile";
import { ErrorPart } from "../ConnectorDetail";
import styles from "../Connectors.module.css";
import { Certificates } from "./Certificates";
import { ServerNodes } from "./ServerNodes";
import { choicesOf, keyOf, type Security, type Session, sessionOf } from "./security";
import { useExploration } from "./useExploration";

interface Props {
  connectors: readonly Connector[];
  onClose: () => void;
}

export default function ConnectServer({ connectors, onClose }: Props) {
  const t = useTranslations("connectors.connect");
  const edges = connectors.filter((one) => one.explores.length > 0);
  return (
    <Tile
      title={t("title")}
      extra={
        <Button variant="subtle" onClick={onClose}>
          {t("close")}
        </Button>
      }
    >
      {edges.length === 0 ? <Empty reason={t("noEdge")} /> : <Steps edges={edges} />}
    </Tile>
  );
}

function Steps({ edges }: { edges: readonly Connector[] }) {
  const t = useTranslations("connectors.connect");
  const [edge, setEdge] = useState(edges[0]?.id ?? "");
  const [url, setUrl] = useState("opc.tcp://");
  const list = useExploration(edge);
  const [server, setServer] = useState<{ url: string; edge: string; found: Exploration }>();
  const hosts = edges.find(({ id }) => id === edge)?.explores ?? [];

  async function ask(body: Parameters<typeof list.run>[0]) {
    const found = await list.run(body);
    if (found?.state === "done") setServer({ url: body.url, edge, found });
    else setServer(undefined);
  }

  return (
    <div className={styles.steps}>
      <form
        className={styles.steps}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void ask({ action: "endpoints", url: url.trim() });
        }}
      >
        <SelectField
          label={t("edge")}
          hint={t("edgeHint", { hosts: hosts.join(", ") })}
          value={edge}
          onChange={setEdge}
          options={edges.map(({ id }) => ({ value: id, label: id }))}
        />
        <TextField label={t("url")} hint={t("urlHint")} value={url} onChange={setUrl} isFirst />
        <div className={styles.buttons}>
          <Button type="submit" loading={list.isRunning}>
            {t("list")}
          </Button>
        </div>
      </form>
      {list.problem === undefined ? null : <ProblemNotice error={list.problem} />}
      {list.failure === undefined ? null : <ErrorPart error={list.failure} />}
      {server?.found.server == null ? null : (
        <Server
          key={`${server.edge} ${server.url}`}
          edge={server.edge}
          url={server.url}
          found={server.found.server}
          onTrust={(fingerprint) => ask({ action: "trust", url: server.url, fingerprint })}
          isRunning={list.isRunning}
        />
      )}
    </div>
  );
}

interface ServerProps {
  edge: string;
  url: string;
  found: NonNullable<Exploration["server"]>;
  onTrust: (fingerprint: string) => Promise<void>;
  isRunning: boolean;
}

function Server({ edge, url, found, onTrust, isRunning }: ServerProps) {
  const t = useTranslations("connectors.connect");
  const choices = choicesOf(found.endpoints);
  const [key, setKey] = useState<string>();
  const [user, setUser] = useState("");
  // The server is asked when the form is sent, not while it is typed in.
  const [session, setSession] = useState<Session>();
  const chosen = choices.find((one) => keyOf(one) === key) ?? choices[0];
  if (chosen === undefined) return <Empty reason={t("noEndpoint")} />;
  const isTrusted = found.certificates.some((one) => one.is_trusted);
  const wanted = sessionOf(url, chosen, user);
  return (
    <>
      <Certificates certificates={found.certificates} onTrust={onTrust} isRunning={isRunning} />
      <form
        className={styles.steps}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setSession(wanted);
        }}
      >
        <SelectField
          label={t("endpoint")}
          hint={chosen.policy === "None" ? t("insecure") : undefined}
          value={keyOf(chosen)}
          onChange={setKey}
          options={choices.map((one) => ({ value: keyOf(one), label: labelOf(one) }))}
        />
        <TextField label={t("user")} hint={t("userHint")} value={user} onChange={setUser} />
        {isTrusted || chosen.policy === "None" ? (
          <div className={styles.buttons}>
            <Button type="submit">{t("browse")}</Button>
          </div>
        ) : (
          <p className="second">{t("trustFirst")}</p>
        )}
      </form>
      {session === undefined ? null : (
        <ServerNodes key={JSON.stringify(session)} edge={edge} session={session} />
      )}
    </>
  );
}

function labelOf({ policy, mode }: Security): string {
  return policy === "None" ? "None" : `${policy} / ${mode}`;
}

/** The nodes of a server as a tree that loads as it is opened; chosen ones get a mapping. */
import { useEffect, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import type { Schemas } from "../../../api/client";
import { NO_VALUE } from "../../../shared/format";
import { ProblemNotice } from "../../../shared/ProblemNotice";
import { ErrorPart } from "../ConnectorDetail";
import styles from "../Connectors.module.css";
import { Suggestion } from "./Suggestion";
import type { Session } from "./security";
import { useExploration } from "./useExploration";

type Node = Schemas["NodeView"];

interface Props {
  edge: string;
  session: Session;
}

export function ServerNodes({ edge, session }: Props) {
  const t = useTranslations("connectors.connect");
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const toggle = (address: string) =>
    setChosen((before) =>
      before.includes(address) ? before.filter((one) => one !== address) : [...before, address],
    );
  return (
    <>
      <h3>{t("nodes")}</h3>
      <p className="second">{t("nodesHint")}</p>
      <Level edge={edge} session={session} address={undefined} chosen={chosen} toggle={toggle} />
      <Suggestion edge={edge} session={session} nodes={chosen} />
    </>
  );
}

interface LevelProps extends Props {
  address: string | undefined;
  chosen: readonly string[];
  toggle: (address: string) => void;
}

function Level({ edge, session, address, chosen, toggle }: LevelProps) {
  const t = useTranslations("connectors.connect");
  const { run, failure, problem, isRunning } = useExploration(edge);
  const [level, setLevel] = useState<Schemas["NodesView"]>();
  const isAsked = useRef(false);
  useEffect(() => {
    if (isAsked.current) return;
    isAsked.current = true;
    const node = address === undefined ? {} : { node: address };
    void run({ action: "browse", ...session, ...node }).then((view) =>
      setLevel(view?.nodes ?? undefined),
    );
  });
  if (problem !== undefined) return <ProblemNotice error={problem} />;
  if (failure !== undefined) return <ErrorPart error={failure} />;
  if (isRunning || level === undefined) {
    return (
      <p className="second" role="status">
        {t("loading")}
      </p>
    );
  }
  if (level.nodes.length === 0) return <p className="second">{t("nothingBelow")}</p>;
  return (
    <ul className={address === undefined ? styles.tree : undefined}>
      {level.nodes.map((node) => (
        <Branch
          key={node.address}
          node={node}
          edge={edge}
          session={session}
          chosen={chosen}
          toggle={toggle}
        />
      ))}
      {level.more > 0 ? <li className="second">{t("more", { count: level.more })}</li> : null}
    </ul>
  );
}

interface BranchProps extends Omit<LevelProps, "address"> {
  node: Node;
}

function Branch({ node, chosen, toggle, ...rest }: BranchProps) {
  const t = useTranslations("connectors.connect");
  const [isOpen, setOpen] = useState(false);
  const isObject = node.kind === "object";
  return (
    <li>
      <div className={styles.node}>
        {isObject ? (
          <button
            type="button"
            aria-expanded={isOpen}
            aria-label={t("openNode", { name: node.name })}
            onClick={() => setOpen(!isOpen)}
          >
            {isOpen ? "▾" : "▸"}
          </button>
        ) : null}
        <label>
          <input
            type="checkbox"
            checked={chosen.includes(node.address)}
            onChange={() => toggle(node.address)}
          />{" "}
          {node.name}
        </label>
        {isObject ? null : (
          <span className="second">
            {node.datatype} · {node.value ?? NO_VALUE}
          </span>
        )}
      </div>
      {isOpen ? <Level {...rest} address={node.address} chosen={chosen} toggle={toggle} /> : null}
    </li>
  );
}

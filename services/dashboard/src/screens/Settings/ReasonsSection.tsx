/** Reasons of stops and scrap: the tree, its order, and the machine codes that stand for them. */
import { Button } from "@mantine/core";
import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslations } from "use-intl";
import type { Schemas } from "../../api/client";
import { plants } from "../../api/plants";
import { orderReasons, REASON_KEYS, reasonTree } from "../../api/reasonTree";
import { Answered } from "../../shared/Answered";
import { ProblemNotice } from "../../shared/ProblemNotice";
import { Tile } from "../../shared/Tile";
import { useAction } from "../../shared/useAction";
import { useMayI } from "../../shared/useMayI";
import { movedOrder, type Order } from "./order";
import styles from "./parts.module.css";
import { ReasonCodesTile } from "./ReasonCodesTile";
import { ReasonForm } from "./ReasonForm";
import { ReasonTable } from "./ReasonTable";
import type { SectionProps } from "./sections";

export type Reason = Schemas["ReasonView"];
const KINDS = ["stop", "scrap"] as const;

export function ReasonsSection({ rest }: SectionProps) {
  const t = useTranslations("settings.reasonTree");
  const search = useSearch({ from: "/settings/$" });
  const kind = search.kind === "scrap" ? "scrap" : "stop";
  const mayChange = useMayI("reasons:write");
  const { data } = useSuspenseQuery(plants);
  const plant = data.items.find((one) => one.path === rest);
  const query = useQuery(reasonTree(plant?.path, kind));
  const [open, setOpen] = useState<{ reason?: Reason }>();
  const moving = useAction(
    async (order: Order) => {
      await orderReasons(plant?.path ?? null, order.codes);
      return order;
    },
    {
      invalidates: REASON_KEYS,
      done: t("moved"),
      undo: ({ former }) => orderReasons(plant?.path ?? null, former),
    },
  );
  const places = [undefined, ...data.items];
  return (
    <>
      <nav className={styles.buttons} aria-label={t("place")}>
        {places.map((one) => (
          <Link
            key={one?.path ?? ""}
            className={styles.link}
            to="/settings/$"
            params={{ _splat: one === undefined ? "reasons" : `reasons/${one.path}` }}
            search={search}
            activeOptions={{ exact: true }}
            aria-current={one === plant ? "page" : undefined}
          >
            {one?.name ?? t("standard")}
          </Link>
        ))}
      </nav>
      <Tile
        title={t("title")}
        extra={
          <>
            {KINDS.map((one) => (
              <Link
                key={one}
                className={styles.link}
                to="/settings/$"
                params={{ _splat: rest === "" ? "reasons" : `reasons/${rest}` }}
                search={{ kind: one }}
                activeOptions={{ exact: true }}
                aria-current={one === kind ? "true" : undefined}
              >
                {t(`kinds.${one}`)}
              </Link>
            ))}
            {mayChange ? <Button onClick={() => setOpen({})}>{t("new")}</Button> : null}
          </>
        }
      >
        {moving.problem === undefined ? null : <ProblemNotice error={moving.problem} />}
        <Answered query={query}>
          {({ items }) => (
            <>
              <ReasonTable
                reasons={items}
                mayChange={mayChange}
                plant={plant?.path ?? null}
                onOpen={(reason) => setOpen({ reason })}
                onMove={(reason, by) => {
                  const order = movedOrder(items, reason, by);
                  if (order !== undefined) void moving.run(order);
                }}
              />
              <p className="second">{t("hint")}</p>
              {mayChange ? <p className="second">{t("noMerge")}</p> : null}
              {open === undefined ? null : (
                <ReasonForm
                  key={open.reason?.code}
                  reason={open.reason}
                  all={items}
                  kind={kind}
                  plant={plant?.path ?? null}
                  onClose={() => setOpen(undefined)}
                />
              )}
            </>
          )}
        </Answered>
      </Tile>
      {plant === undefined ? null : <ReasonCodesTile plant={plant.path} mayChange={mayChange} />}
    </>
  );
}

/** Contradictions that the platform found by itself, each with the way to what it concerns. */
import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { useTranslations } from "use-intl";
import type { Finding } from "../../api/findings";
import { type Column, DataTable } from "../../shared/DataTable";
import { Empty } from "../../shared/Empty";
import { nameOf } from "../../shared/format";
import { useFormats } from "../../shared/useFormats";
import { useMayI } from "../../shared/useMayI";

const RawMessage = lazy(async () => ({
  default: (await import("../../shared/message/RawMessage")).RawMessage,
}));

interface Props {
  findings: readonly Finding[];
  zone: string;
}

export function Findings({ findings, zone }: Props) {
  const t = useTranslations("quality.findings");
  const format = useFormats(zone);
  const columns: Column<Finding>[] = [
    { key: "text", head: t("text"), cell: (one) => one.text, sort: (one) => one.text },
    { key: "detail", head: t("detail"), cell: (one) => <span lang="en">{one.detail}</span> },
    { key: "place", head: t("place"), cell: placeOf },
    {
      key: "at",
      head: t("at"),
      cell: (one) => format.dayTime(one.at),
      sort: (one) => Date.parse(one.at),
    },
    {
      key: "messages",
      head: t("messages"),
      cell: (one) => <Messages finding={one} zone={zone} />,
      align: "right",
    },
  ];
  return (
    <DataTable
      label={t("title")}
      columns={columns}
      rows={findings}
      rowKey={(one) => one.key}
      empty={<Empty reason={t("none")} />}
    />
  );
}

function placeOf(finding: Finding): ReactNode {
  const { equipment, warehouse, supplier } = finding;
  if (equipment !== null) {
    return (
      <Link to="/machine/$" params={{ _splat: equipment }}>
        {nameOf(equipment)}
      </Link>
    );
  }
  if (warehouse !== null) {
    return (
      <Link to="/warehouse/$" params={{ _splat: warehouse }}>
        {warehouse}
      </Link>
    );
  }
  if (supplier !== null) {
    return (
      <Link to="/suppliers" search={{ supplier }}>
        {supplier}
      </Link>
    );
  }
  return "–";
}

/** Every message of a finding, each opens beside its reading. */
function Messages({ finding, zone }: { finding: Finding; zone: string }) {
  const t = useTranslations("quality.findings");
  const mayReadRaw = useMayI("raw:read");
  const [open, setOpen] = useState<string>();
  if (finding.messages.length === 0) return "–";
  if (!mayReadRaw) return t("message", { count: finding.messages.length });
  return (
    <>
      {finding.messages.map(({ event_id }, index) => (
        <Button
          key={event_id}
          variant="subtle"
          size="compact-sm"
          miw={28}
          mih={28}
          aria-label={t("openMessage", { number: index + 1, text: finding.text })}
          onClick={() => setOpen(event_id)}
        >
          {index + 1}
        </Button>
      ))}
      {open === undefined ? null : (
        <Suspense>
          <RawMessage event={open} zone={zone} onClose={() => setOpen(undefined)} />
        </Suspense>
      )}
    </>
  );
}

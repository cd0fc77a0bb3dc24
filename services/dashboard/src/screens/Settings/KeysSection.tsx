/** API keys: made, shown once, rotated, revoked; when each was used last. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { type ApiKey, apiKeys, KEY_KEYS, revokeKey, rotateKey } from "../../api/keys";
import { Answered } from "../../shared/Answered";
import { Empty } from "../../shared/Empty";
import { Tile } from "../../shared/Tile";
import { useAction } from "../../shared/useAction";
import { Confirm } from "./Confirm";
import { KeyForm } from "./KeyForm";
import { KeyTable } from "./KeyTable";
import styles from "./parts.module.css";
import { SecretDialog } from "./Secret";

type Open = { is: "new" } | { is: "rotate" | "revoke"; key: ApiKey };

export function KeysSection() {
  const t = useTranslations("settings.keys");
  const query = useQuery(apiKeys);
  const [open, setOpen] = useState<Open>();
  const [secret, setSecret] = useState<string>();
  const [showsRevoked, setShowsRevoked] = useState(false);
  const close = () => setOpen(undefined);
  return (
    <>
      <Tile
        title={t("title")}
        extra={
          query.data === undefined ? undefined : (
            <Button onClick={() => setOpen({ is: "new" })}>{t("new")}</Button>
          )
        }
      >
        <Answered query={query}>
          {({ items, next_cursor }) => (
            <>
              <label className={styles.choice}>
                <input
                  type="checkbox"
                  checked={showsRevoked}
                  onChange={(event) => setShowsRevoked(event.currentTarget.checked)}
                />
                {t("showRevoked")}
              </label>
              <KeyTable
                rows={items.filter((key) => showsRevoked || key.revoked_at === null)}
                isCut={next_cursor !== null}
                onRotate={(key) => setOpen({ is: "rotate", key })}
                onRevoke={(key) => setOpen({ is: "revoke", key })}
                empty={<Empty reason={t("none")} />}
              />
            </>
          )}
        </Answered>
      </Tile>
      {open?.is === "new" ? (
        <KeyForm
          onClose={close}
          onMade={(key) => {
            close();
            setSecret(key);
          }}
        />
      ) : null}
      {open?.is === "revoke" ? <Revoke of={open.key} onClose={close} /> : null}
      {open?.is === "rotate" ? (
        <Rotate
          of={open.key}
          onClose={close}
          onMade={(key) => {
            close();
            setSecret(key);
          }}
        />
      ) : null}
      {secret === undefined ? null : (
        <SecretDialog
          title={t("made")}
          hint={t("madeHint")}
          secret={secret}
          onClose={() => setSecret(undefined)}
        />
      )}
    </>
  );
}

function Revoke({ of, onClose }: { of: ApiKey; onClose: () => void }) {
  const t = useTranslations("settings.keys");
  const action = useAction<void, true>(
    async () => {
      await revokeKey(of.prefix);
      return true;
    },
    { invalidates: KEY_KEYS, done: t("revoked", { name: of.name }) },
  );
  return (
    <Confirm
      title={t("revokeTitle", { name: of.name })}
      text={t("revokeText")}
      act={t("revoke")}
      action={action}
      onClose={onClose}
    />
  );
}

interface RotateProps {
  of: ApiKey;
  onClose: () => void;
  onMade: (key: string) => void;
}

function Rotate({ of, onClose, onMade }: RotateProps) {
  const t = useTranslations("settings.keys");
  const action = useAction<void, true>(
    async () => {
      const made = await rotateKey(of.prefix, { overlap_hours: 168 });
      onMade(made.key ?? "");
      return true;
    },
    { invalidates: KEY_KEYS },
  );
  return (
    <Confirm
      title={t("rotateTitle", { name: of.name })}
      text={t("rotateText")}
      act={t("rotate")}
      action={action}
      onClose={onClose}
    />
  );
}

/** The own account: who one is, the password, the second factor. */
import { useSuspenseQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";
import { type Me, me } from "../../api/session";
import { Tile } from "../../shared/Tile";
import { roleOf } from "./KeyTable";
import { PasswordForm } from "./PasswordForm";
import styles from "./parts.module.css";
import { SecondFactor } from "./SecondFactor";

export function AccountSection() {
  const t = useTranslations("settings.account");
  const { data: who } = useSuspenseQuery(me);
  return (
    <>
      <Tile title={t("who")}>
        <Facts who={who} />
      </Tile>
      {!who.is_person ? (
        <p className="second">{t("isKey")}</p>
      ) : !who.has_password ? (
        <p className="second">{t("atProvider")}</p>
      ) : (
        <>
          <Tile title={t("password")}>
            <PasswordForm />
          </Tile>
          <Tile title={t("totp.title")}>
            <SecondFactor key={String(who.has_totp)} who={who} />
          </Tile>
        </>
      )}
    </>
  );
}

function Facts({ who }: { who: Me }) {
  const t = useTranslations("settings.account");
  const all = useTranslations("settings");
  return (
    <dl className={styles.facts}>
      <dt>{t("name")}</dt>
      <dd>{who.display_name === null ? who.name : `${who.display_name} (${who.name})`}</dd>
      <dt>{t("rights")}</dt>
      <dd>{who.role === null ? who.scopes.join(", ") : all(`roles.${roleOf(who.role)}`)}</dd>
      <dt>{t("plants")}</dt>
      <dd>{who.plants === null ? all("allPlants") : who.plants.join(", ")}</dd>
      <dt>{t("signedInBy")}</dt>
      <dd>
        {t.has(`ways.${who.signed_in_by}` as never)
          ? t(`ways.${who.signed_in_by}` as never)
          : who.signed_in_by}
      </dd>
    </dl>
  );
}

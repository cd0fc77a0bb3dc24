/** The certificates that a server shows: a person compares the fingerprint, then trusts it. */
import { Button } from "@mantine/core";
import { useTranslations } from "use-intl";
import type { Schemas } from "../../../api/client";
import { useFormats } from "../../../shared/useFormats";
import { useHomeZone } from "../../../shared/useHomeZone";
import styles from "../Connectors.module.css";
import { inPairs } from "./security";

type Certificate = Schemas["ServerCertificateView"];

interface Props {
  certificates: readonly Certificate[];
  onTrust: (fingerprint: string) => Promise<void>;
  isRunning: boolean;
}

export function Certificates({ certificates, onTrust, isRunning }: Props) {
  const t = useTranslations("connectors.connect");
  const format = useFormats(useHomeZone());
  if (certificates.length === 0) return <p className="second">{t("noCertificate")}</p>;
  return certificates.map((one) => (
    <section key={one.fingerprint} className={styles.certificate} aria-label={t("certificate")}>
      <p>
        <strong>{one.subject}</strong>
      </p>
      <p className={styles.fingerprint}>{inPairs(one.fingerprint)}</p>
      <p className="second">
        {t("validity", {
          start: format.day(one.start, true),
          end: format.day(one.until, true),
        })}{" "}
        {one.is_valid_now ? "" : t("notValidNow")} {one.names.join(", ")}
      </p>
      {one.is_trusted ? (
        <p>{t("trusted")}</p>
      ) : (
        <>
          <p>{t("compare")}</p>
          <div>
            <Button loading={isRunning} onClick={() => void onTrust(one.fingerprint)}>
              {t("trust")}
            </Button>
          </div>
        </>
      )}
    </section>
  ));
}

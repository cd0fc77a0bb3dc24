/** The whole of the losses: how much, of what, and what nobody has given a reason. */
import { useTranslations } from "use-intl";
import type { LossRanking } from "../../api/losses";
import { useFormats } from "../../shared/useFormats";
import styles from "./LossesScreen.module.css";

export function LossSummary({ data }: { data: LossRanking }) {
  const t = useTranslations("losses");
  const format = useFormats(data.time_zone);
  const { totals } = data;
  const share = totals.busy_s > 0 ? totals.loss_s / totals.busy_s : null;
  return (
    <div className={styles.summary}>
      <strong className="headline">{format.duration(totals.loss_s)}</strong>
      <span>
        {t("ofBusy", { share: format.share(share), busy: format.duration(totals.busy_s) })}
      </span>
      {totals.untagged_share === null ? null : (
        <span className="second">
          {t("untagged", {
            share: format.share(totals.untagged_share),
            length: format.duration(totals.untagged_s),
          })}
        </span>
      )}
      {totals.not_judged_s > 0 ? (
        <span className="second">
          {t("notJudged", { length: format.duration(totals.not_judged_s) })}
        </span>
      ) : null}
    </div>
  );
}

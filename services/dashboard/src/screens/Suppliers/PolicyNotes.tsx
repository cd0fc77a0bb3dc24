/** The policies that the rates of the screen use, each once, in words. */
import { useTranslations } from "use-intl";
import type { AppliedPolicy } from "../../api/suppliers";
import { useFormats } from "../../shared/useFormats";
import { allowanceOf, ownerOf } from "./policy";
import styles from "./SuppliersScreen.module.css";

interface Props {
  policies: readonly AppliedPolicy[];
  /** Only these; without it, all. */
  keys?: readonly string[];
}

export function PolicyNotes({ policies, keys }: Props) {
  const t = useTranslations("suppliers");
  const shown = policies.filter(({ key }) => keys === undefined || keys.includes(key));
  if (shown.length === 0) return null;
  return (
    <div className={styles.policies}>
      <h3>{t("policies")}</h3>
      {shown.map((policy) => (
        <p key={policy.key} className="second">
          <strong>{policy.key}</strong> <PolicyText policy={policy} />
        </p>
      ))}
    </div>
  );
}

function PolicyText({ policy }: { policy: AppliedPolicy }) {
  const t = useTranslations("suppliers");
  const format = useFormats();
  const allowance = (text: string) => {
    const { count, unit } = allowanceOf(text);
    if (count === 0) return "none";
    return t(`allowance.${unit}`, { count });
  };
  const name = t(`policyName.${ownerOf(policy)}`, {
    version: policy.version,
    supplier: policy.supplier ?? "",
  });
  const text = t("policyText", {
    level: policy.level,
    tolerance: policy.tolerance === 0 ? "none" : format.share(policy.tolerance),
    early: allowance(policy.early),
    late: allowance(policy.late),
    reference: policy.reference,
    frozen: t("allowance.d", { count: policy.frozen_days }),
  });
  return `${name}. ${text}`;
}

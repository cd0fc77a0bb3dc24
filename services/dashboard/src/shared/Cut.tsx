/** Under a list that is not shown whole: how many of it are. */
import { useTranslations } from "use-intl";

interface Props {
  shown: number;
  isCut: boolean;
  /** Which of them are shown. */
  what?: "newest" | "first" | "largest";
}

export function Cut({ shown, isCut, what = "newest" }: Props) {
  const t = useTranslations("common.cut");
  return isCut ? <p className="second">{t(what, { count: shown })}</p> : null;
}

/** The keys of the screen that is shown, and the switch that turns single keys off. */
import { useState } from "react";
import { useTranslations } from "use-intl";
import { Dialog } from "../shared/Dialog";
import { shownShortcuts } from "../shared/keyboard";
import { areShortcutsOn, switchShortcuts } from "../shared/shortcuts";
import styles from "./Keys.module.css";

/** Keys that mean the same on each screen, with their text in `keys`. */
const TEXTS = {
  "[": "earlier",
  "]": "later",
  ".": "now",
  e: "explain",
  v: "view",
  f: "kiosk",
  j: "next",
  k: "previous",
  x: "select",
  r: "replay",
  Enter: "open",
} as const;

function isCommon(key: string): key is keyof typeof TEXTS {
  return Object.hasOwn(TEXTS, key);
}

export function Keys({ onClose }: { onClose: () => void }) {
  const t = useTranslations("common");
  const [isOn, setOn] = useState(areShortcutsOn);
  const known = shownShortcuts().toSorted((left, right) => left.key.localeCompare(right.key));
  const nameOf = (key: string, label: string | undefined) =>
    label ?? (isCommon(key) ? t(`keys.${TEXTS[key]}`) : "");
  return (
    <Dialog title={t("keyboard")} onClose={onClose}>
      <label className={styles.switch}>
        <input
          type="checkbox"
          checked={isOn}
          onChange={(event) => {
            setOn(event.currentTarget.checked);
            switchShortcuts(event.currentTarget.checked);
          }}
        />
        {t("keysOn")}
      </label>
      <table>
        <tbody>
          {known.map(({ key, label }) => (
            <tr key={key}>
              <th scope="row">
                {key.split(" ").map((one, index) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: both keys may be the same
                  <kbd key={index} className={styles.key}>
                    {one}
                  </kbd>
                ))}
              </th>
              <td>{nameOf(key, label)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="second">{t("keysInside")}</p>
    </Dialog>
  );
}

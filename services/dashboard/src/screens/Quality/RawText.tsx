/** The raw content of an entry: text with what failed marked, or rows of bytes. */
import { useMemo } from "react";
import { useTranslations } from "use-intl";
import type { QuarantineDetail } from "../../api/quarantine";
import { ScrollBox } from "../../shared/ScrollBox";
import styles from "./RawText.module.css";
import { bytesOf, failedSpan, hexRows, isBinary, type Piece, piecesOf, textOf } from "./raw";

const BYTES_MAX = 65_536; // what is shown; the API has all that is stored

export function RawText({ entry }: { entry: QuarantineDetail }) {
  const t = useTranslations("quality");
  const { raw_base64, position, reason } = entry;
  const bytes = useMemo(() => bytesOf(raw_base64).subarray(0, BYTES_MAX), [raw_base64]);
  const isHex = isBinary(bytes);
  const pieces = useMemo(() => {
    if (isHex) return [];
    const text = textOf(bytes);
    return piecesOf(text, failedSpan(text, { position, reason }));
  }, [bytes, isHex, position, reason]);
  if (bytes.length === 0) return <p className="second">{t("raw.none")}</p>;
  const isCut = !entry.raw_complete || entry.size > bytes.length;
  return (
    <div className={styles.raw}>
      <ScrollBox label={t("raw.title")} isLow>
        <pre className={styles.text}>
          {isHex
            ? hexRows(bytes).join("\n")
            : pieces.map((piece, at) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of one text never move
                <Shown key={at} piece={piece} failed={t("raw.failed")} />
              ))}
        </pre>
      </ScrollBox>
      {isCut ? <p className="second">{t("raw.cut", { size: entry.size })}</p> : null}
    </div>
  );
}

function Shown({ piece, failed }: { piece: Piece; failed: string }) {
  const text = piece.isEscape ? <span className={styles.escape}>{piece.text}</span> : piece.text;
  if (!piece.isMarked) return text;
  return (
    <mark className={styles.mark} title={failed}>
      {text}
    </mark>
  );
}

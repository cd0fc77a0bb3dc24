/** A dialog over the page, or a drawer at its side; when it closes, the focus goes back. */
import { Drawer, Modal } from "@mantine/core";
import "@mantine/core/styles/Overlay.css";
import "@mantine/core/styles/ModalBase.css";
import "@mantine/core/styles/Modal.css";
import "@mantine/core/styles/Drawer.css";
import { type ReactNode, useEffect, useState } from "react";
import { useTranslations } from "use-intl";
import styles from "./Dialog.module.css";

interface Props {
  title: ReactNode;
  onClose: () => void;
  children: ReactNode;
  /** Without it: shown while it is rendered. */
  isOpen?: boolean;
  kind?: "modal" | "drawer";
  size?: "sm" | "md" | "lg" | "xl";
}

export function Dialog({ isOpen = true, ...rest }: Props) {
  return isOpen ? <Shown {...rest} /> : null;
}

function Shown({ title, onClose, children, kind = "modal", size = "md" }: Omit<Props, "isOpen">) {
  const common = useTranslations("common");
  useReturnedFocus();
  const shared = {
    opened: true,
    onClose,
    title,
    size,
    lockScroll: false,
    returnFocus: false, // it is returned after the dialog is gone, which Mantine does not see
    transitionProps: { duration: 0 },
    attributes: { header: { role: "none" } }, // else a second banner of the page
    closeButtonProps: { "aria-label": common("close") },
    classNames: { title: styles.title ?? "", content: styles.content ?? "" },
  };
  return kind === "modal" ? (
    <Modal {...shared} centered>
      {children}
    </Modal>
  ) : (
    <Drawer {...shared} position="right">
      {children}
    </Drawer>
  );
}

/** Give the focus back to what had it when the dialog was opened. */
function useReturnedFocus(): void {
  const [before] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      if (before instanceof HTMLElement) setTimeout(() => before.focus({ preventScroll: true }));
    },
    [before],
  );
}

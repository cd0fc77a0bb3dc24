/** The ways to the screens: a row of links, on a phone a menu; `g` and a letter go there, too. */
import { Button } from "@mantine/core";
import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { Link, useLocation, useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useTranslations } from "use-intl";
import { plants } from "../api/plants";
import { firstLine } from "../api/search";
import { me } from "../api/session";
import { useShortcut } from "../shared/keyboard";
import styles from "./Frame.module.css";
import { lastPlace, rememberPlace } from "./places";
import { type Screen, screenAt, screensOf } from "./screens";

export function Navigation() {
  const t = useTranslations("common");
  const { data: who } = useSuspenseQuery(me);
  const { pathname } = useLocation();
  const [isOpen, setOpen] = useState(false);
  const placeOf = usePlaces();
  const shown = screenAt(pathname);
  useEffect(() => {
    rememberPlace(pathname);
    setOpen(false); // a screen was chosen
  }, [pathname]);
  return (
    <>
      <Button
        variant="subtle"
        className={styles.menu ?? ""}
        aria-expanded={isOpen}
        aria-controls="screens"
        onClick={() => setOpen(!isOpen)}
      >
        {t("menu")}
      </Button>
      <nav
        id="screens"
        className={isOpen ? `${styles.screens} ${styles.open}` : styles.screens}
        aria-label={t("navigation")}
      >
        {screensOf(who).map((screen) => (
          <ScreenLink
            key={screen.name}
            screen={screen}
            place={placeOf(screen)}
            isShown={screen === shown}
          />
        ))}
      </nav>
    </>
  );
}

interface LinkProps {
  screen: Screen;
  place: string;
  isShown: boolean;
}

function ScreenLink({ screen, place, isShown }: LinkProps) {
  const t = useTranslations("common");
  const navigate = useNavigate();
  const name = t(`screens.${screen.name}`);
  useShortcut(
    `g ${screen.key}`,
    () => void navigate({ to: screen.to, params: { _splat: place } }),
    {
      label: name,
    },
  );
  return (
    <Link
      className={styles.screen}
      to={screen.to}
      params={{ _splat: place }}
      activeProps={{}}
      aria-current={isShown ? "page" : undefined}
    >
      {name}
    </Link>
  );
}

/** Return the place that a screen opens with: the last one looked at, else the first there is. */
function usePlaces(): (screen: Screen) => string {
  const all = useQuery(plants);
  const line = useQuery({ ...firstLine, enabled: lastPlace("machine") === undefined });
  const plant = lastPlace("plant") ?? all.data?.items[0]?.path ?? "";
  return ({ name }) => {
    if (name === "plant") return plant;
    if (name === "machine") return lastPlace("machine") ?? line.data ?? plant;
    if (name === "report") return lastPlace("report") ?? lastPlace("machine") ?? line.data ?? plant;
    return name === "warehouse" ? (lastPlace("warehouse") ?? "") : "";
  };
}

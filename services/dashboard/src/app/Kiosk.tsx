/** What only a screen on a wall has: a clock, the next screen after 30 s, a display that stays on. */
import { useQuery } from "@tanstack/react-query";
import { useLocation, useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useTranslations } from "use-intl";
import { plants, zoneOf } from "../api/plants";
import { addressesOf, nextOf, partsOf, ROTATION_MS } from "../shared/kiosk";
import { useFormats } from "../shared/useFormats";
import styles from "./Kiosk.module.css";

const SCHEME = "data-mantine-color-scheme";
const STORED_SCHEME = "mantine-color-scheme-value";

export function Kiosk() {
  useRotation();
  useWakeLock();
  useDarkAtFirst();
  return <Clock />;
}

function Clock() {
  const t = useTranslations("common");
  const { pathname } = useLocation();
  const all = useQuery(plants);
  const known = all.data?.items ?? [];
  const path = decodeURIComponent(pathname.split("/").slice(2).join("/"));
  // The group has plants of several zones: the clock shows that of the first.
  const zone = path === "" ? (known[0]?.time_zone ?? "UTC") : zoneOf(known, path);
  const format = useFormats(zone);
  const [nowMs, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return (
    <p className={styles.clock} role="timer" aria-label={t("clock")}>
      {format.day(nowMs)} <strong>{format.time(nowMs)}</strong> {format.zone(nowMs)}
    </p>
  );
}

function useRotation(): void {
  const navigate = useNavigate();
  const { href } = useLocation();
  const { rotate } = useSearch({ strict: false });
  useEffect(() => {
    const next = nextOf(addressesOf(rotate), href);
    if (next === undefined) return;
    const timer = setTimeout(() => {
      const { path, search } = partsOf(next);
      const query = new URLSearchParams({ ...search, kiosk: "1", rotate: rotate ?? "" });
      void navigate({ href: `${path}?${query}`, replace: true });
    }, ROTATION_MS);
    return () => clearTimeout(timer);
  }, [rotate, href, navigate]);
}

/** Keep the display on; browsers allow it over HTTPS alone, and forget it when the tab is hidden. */
function useWakeLock(): void {
  useEffect(() => {
    let lock: WakeLockSentinel | undefined;
    async function hold() {
      if (document.visibilityState !== "visible" || !("wakeLock" in navigator)) return;
      lock = await navigator.wakeLock.request("screen").catch(() => undefined);
    }
    void hold();
    document.addEventListener("visibilitychange", hold);
    return () => {
      document.removeEventListener("visibilitychange", hold);
      void lock?.release();
    };
  }, []);
}

/** Dark colours unless somebody chose others in this browser. */
function useDarkAtFirst(): void {
  useEffect(() => {
    if (localStorage.getItem(STORED_SCHEME) !== null) return;
    const root = document.documentElement;
    const before = root.getAttribute(SCHEME);
    root.setAttribute(SCHEME, "dark");
    return () => {
      if (before !== null) root.setAttribute(SCHEME, before);
    };
  }, []);
}

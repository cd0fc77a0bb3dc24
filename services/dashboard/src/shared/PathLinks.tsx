/** The path of an equipment, each part a link to its screen. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { plants } from "../api/plants";
import styles from "./PathLinks.module.css";

export function PathLinks({ path }: { path: string }) {
  const all = useQuery(plants);
  const parts = path.split("/").map((name, index, names) => ({
    name,
    path: names.slice(0, index + 1).join("/"),
  }));
  const isPlant = (one: string) => all.data?.items.some((plant) => plant.path === one) ?? false;
  const isInside = (one: string) =>
    all.data?.items.some((plant) => one.startsWith(`${plant.path}/`)) ?? false;
  return (
    <span className={styles.path}>
      {parts.map((part, index) => (
        <span key={part.path}>
          {index === 0 ? null : <span className="second"> / </span>}
          {isInside(part.path) ? (
            <Link to="/machine/$" params={{ _splat: part.path }}>
              {part.name}
            </Link>
          ) : isPlant(part.path) ? (
            <Link to="/plant/$" params={{ _splat: part.path }}>
              {part.name}
            </Link>
          ) : (
            <Link to="/">{part.name}</Link>
          )}
        </span>
      ))}
    </span>
  );
}

/** A list as a table: sorted by its heads, opened by click or Enter, in a box that scrolls. */
import {
  type ColumnDef,
  createSortedRowModel,
  rowSortingFeature,
  type SortFn,
  tableFeatures,
  useTable,
} from "@tanstack/react-table";
import { type KeyboardEvent, type ReactNode, useMemo } from "react";
import { useTranslations } from "use-intl";
import { Cut } from "./Cut";
import styles from "./DataTable.module.css";
import { Empty } from "./Empty";
import { ScrollBox } from "./ScrollBox";
import { compareValues, type SortValue } from "./sorting";

export interface Column<Row> {
  key: string;
  head: ReactNode;
  cell: (row: Row) => ReactNode;
  align?: "left" | "right";
  /** What the rows are sorted by; without it the column is not sorted. No value comes last. */
  sort?: (row: Row) => SortValue;
}

interface Props<Row> {
  /** The name of the table, for a screen reader. */
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  onOpen?: (row: Row) => void;
  /** Key of the row that is open elsewhere on the screen. */
  selected?: string | undefined;
  /** What to show without a row. */
  empty?: ReactNode;
  /** The API has more rows than these, the first ones. */
  isCut?: boolean;
}

const features = tableFeatures({ rowSortingFeature, sortedRowModel: createSortedRowModel() });
type Features = typeof features;

export function DataTable<Row extends object>(props: Props<Row>) {
  const { label, columns, rows, rowKey, onOpen, selected, empty, isCut = false } = props;
  const common = useTranslations("common");
  const data = useMemo(() => [...rows], [rows]);
  const definitions = useMemo(() => columns.map((column) => definitionOf(column)), [columns]);
  const table = useTable<Features, Row>({
    features,
    columns: definitions,
    data,
    getRowId: rowKey,
    enableMultiSort: false,
  });
  if (rows.length === 0) return empty ?? <Empty reason={common("noRows")} />;
  const byKey = new Map(columns.map((column) => [column.key, column]));
  return (
    <ScrollBox label={label}>
      <table className={styles.table} aria-label={label}>
        <thead>
          <tr>
            {table.getFlatHeaders().map(({ id, column }) => (
              <Head
                key={id}
                isRight={byKey.get(id)?.align === "right"}
                sorted={column.getIsSorted()}
                onSort={column.getCanSort() ? () => column.toggleSorting() : undefined}
              >
                {byKey.get(id)?.head}
              </Head>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.getRowModel().rows.map(({ id, original }) => (
            <tr
              key={id}
              className={onOpen === undefined ? undefined : styles.opens}
              aria-current={selected === id ? "true" : undefined}
              tabIndex={onOpen === undefined ? undefined : 0}
              onClick={(event) => isOwn(event.target) && onOpen?.(original)}
              onKeyDown={(event) => onRowKey(event, () => onOpen?.(original))}
            >
              {columns.map((column) => (
                <td key={column.key} className={column.align === "right" ? "number" : undefined}>
                  {column.cell(original)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <Cut what="first" shown={rows.length} isCut={isCut} />
    </ScrollBox>
  );
}

interface HeadProps {
  isRight: boolean;
  sorted: false | "asc" | "desc";
  onSort: (() => void) | undefined;
  children: ReactNode;
}

function Head({ isRight, sorted, onSort, children }: HeadProps) {
  const direction = sorted === "asc" ? "ascending" : "descending";
  return (
    <th
      scope="col"
      className={isRight ? "number" : undefined}
      aria-sort={sorted === false ? undefined : direction}
    >
      {onSort === undefined ? (
        children
      ) : (
        <button type="button" className={styles.sort} onClick={onSort}>
          {children}
          <span aria-hidden="true">{sorted === false ? "" : sorted === "asc" ? " ▲" : " ▼"}</span>
        </button>
      )}
    </th>
  );
}

function definitionOf<Row extends object>(column: Column<Row>): ColumnDef<Features, Row> {
  const { key, sort } = column;
  if (sort === undefined) return { id: key, enableSorting: false };
  const sortFn: SortFn<Features, Row> = (left, right) =>
    compareValues(sort(left.original), sort(right.original));
  return {
    id: key,
    accessorFn: (row: Row) => sort(row) ?? undefined,
    sortFn,
    sortUndefined: "last",
    sortDescFirst: column.align === "right",
  };
}

/** Enter opens the row, the arrows go to its neighbours. */
function onRowKey(event: KeyboardEvent<HTMLTableRowElement>, open: () => void): void {
  if (event.target !== event.currentTarget) return;
  const row = event.currentTarget;
  if (event.key === "Enter") open();
  else if (event.key === "ArrowDown") focus(row.nextElementSibling);
  else if (event.key === "ArrowUp") focus(row.previousElementSibling);
  else return;
  event.preventDefault();
}

function focus(row: Element | null): void {
  if (row instanceof HTMLElement) row.focus();
}

/** Whether a click meant the row: not a link or a button in it. */
function isOwn(target: EventTarget): boolean {
  return target instanceof Element && target.closest("a, button, input, select, label") === null;
}

/** A form: saved by its button or Ctrl+Enter; what the API refuses stands at its field. */
import { Button } from "@mantine/core";
import { useBlocker } from "@tanstack/react-router";
import {
  type FormEvent,
  type KeyboardEvent,
  type ReactNode,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { useTranslations } from "use-intl";
import type { ApiProblem } from "../../api/client";
import { ProblemNotice } from "../ProblemNotice";
import { errorOf, otherErrors } from "./errors";
import styles from "./Form.module.css";
import { misunderstood, onceAtATime } from "./saving";

interface Props {
  /** Called by the button and by Ctrl+Enter; saving is never disabled. */
  onSave: () => Promise<unknown>;
  problem: ApiProblem | undefined;
  /** The fields of the form by the pointer of what they hold: `{name: "Name"}`. */
  labels: Readonly<Record<string, string>>;
  /** The fields; `errorOf(pointer)` is the error of one. */
  children: ReactNode | ((errorOf: (pointer: string) => string | undefined) => ReactNode);
  save?: string;
  onCancel?: () => void;
  /** Further buttons. */
  extra?: ReactNode;
  /** Its button saves nothing, such as a preview: leaving asks all the same. */
  isDraft?: boolean;
  /** Whether the form is shown, with what was typed, after a change of the address. */
  stays?: (search: Search) => boolean;
}

type Search = Readonly<Partial<Record<string, string>>>;

export function Form(props: Props) {
  const { onSave, problem, labels, children, onCancel, extra, isDraft = false } = props;
  const common = useTranslations("common");
  const form = useRef<HTMLFormElement>(null);
  const newest = useRef(onSave);
  newest.current = onSave;
  const save = useMemo(() => onceAtATime(() => newest.current()), []);
  const { isChanged, setChanged } = useLeaving(problem, props.stays);
  const errors = problem?.errors ?? [];
  const isCovered = errors.length > 0 && otherErrors(errors, Object.keys(labels)).length === 0;

  useEffect(() => {
    // The first field that is wrong, or the notice above the form.
    if (problem === undefined) return;
    form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [problem]);

  function submit(event?: FormEvent) {
    event?.preventDefault();
    const wrong = misunderstood(form.current?.querySelectorAll("input") ?? []);
    if (wrong !== undefined) {
      wrong.reportValidity();
      return;
    }
    if (!isDraft) setChanged(false);
    void save();
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    submit();
  }

  return (
    <form
      ref={form}
      className={styles.form}
      noValidate // the API says what is wrong, in the language of the page
      onSubmit={submit}
      onChange={() => isChanged || setChanged(true)}
      onKeyDown={onKeyDown}
    >
      {problem === undefined ? null : <ProblemNotice error={problem} />}
      {problem === undefined || isCovered ? null : (
        <Others problem={problem} pointers={Object.keys(labels)} />
      )}
      {typeof children === "function" ? children((pointer) => errorOf(errors, pointer)) : children}
      <div className={styles.buttons}>
        <Button type="submit" title={common("form.saveKeys")} aria-keyshortcuts="Control+Enter">
          {props.save ?? common("save")}
        </Button>
        {onCancel === undefined ? null : (
          <Button variant="default" onClick={onCancel}>
            {common("cancel")}
          </Button>
        )}
        {extra}
      </div>
    </form>
  );
}

function Others({ problem, pointers }: { problem: ApiProblem; pointers: readonly string[] }) {
  const others = otherErrors(problem.errors, pointers);
  if (others.length === 0) return null;
  return (
    <ul>
      {others.map(({ pointer, detail }) => (
        <li key={`${pointer} ${detail}`}>
          <code>{pointer}</code> {detail}
        </li>
      ))}
    </ul>
  );
}

/** Ask before the page is left while what was typed is not saved. */
function useLeaving(problem: ApiProblem | undefined, stays: Props["stays"]) {
  const common = useTranslations("common");
  const [isChanged, setChanged] = useState(false);
  const changed = useRef(false);
  changed.current = isChanged;
  const set = (value: boolean) => {
    changed.current = value; // a navigation in the same moment does not ask
    setChanged(value);
  };
  useEffect(() => {
    if (problem !== undefined) setChanged(true); // it was not saved
  }, [problem]);
  useBlocker({
    shouldBlockFn: ({ current, next }) =>
      changed.current &&
      !(current.pathname === next.pathname && stays?.(next.search) === true) &&
      !window.confirm(common("leave")),
    enableBeforeUnload: () => changed.current,
  });
  return { isChanged, setChanged: set };
}

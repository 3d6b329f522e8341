// feedback.jsx: what stands in place of data (outlines, a failure, nothing), dialogs, fields, and acts of a person.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { place } from "./api.js";
import { Icon } from "./icons.jsx";
import { visible } from "./visible.js";

// Fixes are written for a terminal or a program. One that names a command or a route has a link to the view that the
// page has for it, and is that link alone when it only names a list. Who may grant what is missing (403) has none.
const VIEWS = [
  [/\borket (inbox|approvals|approve|deny|answer)\b|\/v1\/approvals\b/, "inbox", "the inbox"],
  [/\borket (plan|chat)\b/, "plans", "plans and chat"],
  [/\borket (history|log|halt|resume)\b|\/v1\/runs\b/, "runs", "the runs"],
  [/\borket policy\b|\/v1\/scripts\b/, "scripts", "the scripts"],
  [/\borket user (list|add|role)\b/, "settings/users", "the users"],
  [/\borket key\b/, "settings/keys", "the keys"],
  [/\borket (board|show|sync|comment)\b|\/v1\/cards\b|\/openapi\.json lists/, "board", "the board"],
];

const IS_LIST = /^[^,;]*\b(lists|shows)\b[^,;]*$/;

function Fix({ error: { fix, status } }) {
  const [, view, title] = (status !== 403 && VIEWS.find(([names]) => names.test(fix))) || [];
  return (
    <div>
      {!(view && IS_LIST.test(fix)) && fix + " "}
      {view && (
        <a class="link" href={place("/" + view)}>
          Open {title}
        </a>
      )}
    </div>
  );
}

export function Failure({ error, again }) {
  return (
    <div class="box red" role="alert">
      <div class="row top">
        <span class="c-red">
          <Icon name="refused" />
        </span>
        <div class="grow">
          <div class="b">{error.message}</div>
          {error.fix && <Fix error={error} />}
          <div class="s m mono">
            {[error.code, error.id && "request " + error.id].filter(Boolean).join(", ")}
          </div>
        </div>
        {again && (
          <button class="btn" onClick={again}>
            Try again
          </button>
        )}
      </div>
    </div>
  );
}

// A recorded fix names commands for what the page has a button for; the verb says the same.
export const withoutCommands = (fix) => fix && String(fix).replace(/\borket (answer|retry) \S+/g, "$1");

// Why something was refused, what to do instead, and by which rule.
export function Refusal({ why, fix, rule, where, bare, asks }) {
  return (
    <div class={bare ? "" : "box " + (asks ? "amber" : "red")}>
      <div class={bare ? "" : "b"}>{visible(why)}</div>
      <dl class="kv s">
        {fix && (
          <>
            <dt>Fix</dt>
            <dd>{visible(withoutCommands(fix))}</dd>
          </>
        )}
        {rule && (
          <>
            <dt>Rule</dt>
            <dd class="mono">{rule}</dd>
          </>
        )}
        {where && (
          <>
            <dt>Where</dt>
            <dd class="mono">{visible(where)}</dd>
          </>
        )}
      </dl>
    </div>
  );
}

// Data, or what is instead: outlines, which come after 150 ms, or why there is none.
export function Loaded({ of, children }) {
  if (of.data)
    return (
      <>
        {of.error && <Failure error={of.error} again={of.reload} />}
        {children(of.data)}
      </>
    );
  return of.error ? (
    <Failure error={of.error} again={of.reload} />
  ) : (
    <div class="outlines" role="status" aria-busy="true" aria-label="Loading">
      <i />
      <i />
      <i />
    </div>
  );
}

// A line of text with its title; what else the input has: type, required and so on.
export const Field = ({ title, set, ...input }) => (
  <label class="field">
    {title}
    <input class="txt" onInput={(e) => set(e.target.value)} {...input} />
  </label>
);

export const Empty = ({ children }) => <p class="empty m">{children}</p>;

export function useAct() {
  const [state, set] = useState({});
  const run = async (act) => {
    set({ busy: true });
    const next = await act().then(
      (done) => ({ done }),
      (error) => ({ error }),
    );
    set(next);
    return next.done;
  };
  return { ...state, run, clear: () => set({}) };
}

// It is open as soon as it is there: a key pressed at once is the dialog's, not the view's behind it.
export function Dialog({ title, close, children }) {
  const ref = useRef();
  useLayoutEffect(() => {
    const before = document.activeElement;
    ref.current.showModal();
    ref.current.scrollTop = 0; // what takes the focus may be at its end
    return () => before && before.focus && before.focus();
  }, []);
  return (
    <dialog
      ref={ref}
      aria-labelledby="dialog-title"
      onClose={close}
      onClick={(e) => e.target === ref.current && close()}
    >
      <h2 id="dialog-title">{title}</h2>
      {children}
    </dialog>
  );
}

// ui.jsx: what every view is made of: icons, statuses, times, failures.

import { useEffect, useRef, useState } from "preact/hooks";

// ---- icons: 14 or 16 units, drawn with the text's colour ----

const fill = { fill: "currentColor", stroke: "none" };
const ICONS = {
  ready: [14, <circle cx="7" cy="7" r="5.5" stroke-dasharray="2.2 1.6" />],
  in_progress: [
    14,
    <>
      <circle cx="7" cy="7" r="5.5" />
      <path d="M7 3.600a3.4 3.4 0 0 1 0 6.800z" {...fill} />
    </>,
  ],
  ready_for_testing: [
    14,
    <>
      <path d="M5.3 1.500v3.700L2 11a1.1 1.1 0 0 0 1 1.500h8A1.1 1.1 0 0 0 12 11L8.7 5.200V1.500M4.3 1.500h5.4" />
      <path d="M4 9h6" />
    </>,
  ],
  code_review: [
    14,
    <>
      <path d="M1 7s2.2-4 6-4 6 4 6 4-2.2 4-6 4-6-4-6-4z" />
      <circle cx="7" cy="7" r="1.7" {...fill} />
    </>,
  ],
  blocked: [
    14,
    <>
      <rect x="1" y="1" width="12" height="12" rx="3" {...fill} />
      <path class="cut" d="M5.3 4.500v5M8.7 4.500v5" />
    </>,
  ],
  waiting_for_developer: [
    14,
    <>
      <path d="M2.5 1.500h9a1 1 0 0 1 1 1v6.500a1 1 0 0 1-1 1H6L3 12.700V10h-.5a1 1 0 0 1-1-1V2.500a1 1 0 0 1 1-1z" />
      <path d="M5.7 4.600a1.3 1.3 0 1 1 1.8 1.200c-.4.2-.5.4-.5.800M7 8v.1" />
    </>,
  ],
  done: [
    14,
    <>
      <circle cx="7" cy="7" r="6.2" {...fill} />
      <path class="cut" d="M4.3 7.200l1.9 1.9 3.5-3.9" />
    </>,
  ],
  canceled: [
    14,
    <>
      <circle cx="7" cy="7" r="5.5" />
      <path d="M4 10l6-6" />
    </>,
  ],
  archived: [
    14,
    <>
      <rect x="1.5" y="2" width="11" height="3" />
      <path d="M2.5 5v7h9V5M5.5 7.500h3" />
    </>,
  ],
  refused: [
    14,
    <>
      <path d="M4.7 1h4.600L13 4.700v4.600L9.3 13H4.700L1 9.300V4.700z" {...fill} />
      <path class="cut" d="M5 5l4 4M9 5l-4 4" />
    </>,
  ],
  ask: [
    14,
    <>
      <path d="M7 .8l5.2 1.900v4c0 3.1-2.2 5.3-5.2 6.5-3-1.2-5.2-3.4-5.2-6.500v-4z" />
      <path d="M7 4v3.400M7 9.500v.1" />
    </>,
  ],
  unknown: [
    14,
    <>
      <path d="M7 1l6 11H1z" />
      <path d="M7 5.200v3M7 10v.1" />
    </>,
  ],
  model: [16, <path d="M8 2l1.5 4.500L14 8l-4.5 1.500L8 14l-1.5-4.500L2 8l4.5-1.500z" />],
  tool: [16, <path d="M3 4l4 4-4 4M8.5 12H13" />],
  move: [16, <path d="M3 8h10M9.5 4.500L13 8l-3.5 3.5" />],
  board: [
    16,
    <>
      <rect x="2" y="2.5" width="12" height="11" rx="2" />
      <path d="M6.2 2.500v11M10 2.500v7" />
    </>,
  ],
  inbox: [16, <path d="M2 9l2-6h8l2 6v3.500a1 1 0 0 1-1 1H3a1 1 0 0 1-1-1zM2 9h3.500l1 2h3l1-2H14" />],
  runs: [16, <path d="M2 4h6M5 8h7M8 12h6" />],
  search: [
    16,
    <>
      <circle cx="7" cy="7" r="4.5" />
      <path d="M10.5 10.500L14 14" />
    </>,
  ],
  theme: [
    16,
    <>
      <circle cx="8" cy="8" r="5.5" />
      <path d="M8 2.500a5.5 5.5 0 0 1 0 11z" {...fill} />
    </>,
  ],
  leave: [16, <path d="M6.5 2.500H3v11h3.500M7 8h6.500M11 5.500L13.5 8 11 10.5" />],
  more: [16, <path d="M3.5 8h.01M8 8h.01M12.5 8h.01" stroke-width="2.4" />],
  back: [16, <path d="M10 3.500L5.5 8l4.5 4.5" />],
  file: [16, <path d="M9 2H4v12h8V5zM9 2v3h3" />],
  logo: [16, <circle cx="8" cy="8" r="4.6" stroke-width="2.6" />],
};

export function Icon({ name }) {
  const [size, drawing] = ICONS[name];
  return (
    <svg class={"i i" + size} viewBox={`0 0 ${size} ${size}`} aria-hidden="true">
      {drawing}
    </svg>
  );
}

// ---- statuses ----

export const STATUS = {
  ready: ["Ready", "gray"],
  in_progress: ["In progress", "blue"],
  ready_for_testing: ["Ready for testing", "violet"],
  code_review: ["Code review", "violet"],
  blocked: ["Blocked", "amber"],
  waiting_for_developer: ["Waiting for a person", "amber"],
  done: ["Done", "teal"],
  canceled: ["Canceled", "gray"],
  archived: ["Archived", "gray"],
};

export const statusName = (status) => (STATUS[status] || [status])[0];

export function Status({ status }) {
  const [name, colour] = STATUS[status] || [status, "gray"];
  return (
    <span class={"st c-" + colour} title={name}>
      {ICONS[status] && <Icon name={status} />}
      <span class="sr">{name}</span>
    </span>
  );
}

export function Pill({ status, children }) {
  const [name, colour] = STATUS[status] || [status, "gray"];
  return (
    <span class={"pill " + colour}>
      {ICONS[status] && <Icon name={status} />}
      {name}
      {children}
    </span>
  );
}

const REASONS = {
  review: "approval",
  input: "an answer",
  dependency: "another card",
  resource: "a resource or cap",
  system: "a system",
};

export const reasonName = (reason) => REASONS[reason] || reason;

export const Seat = ({ name }) =>
  name ? (
    <span class="av" title={"Seat: " + name}>
      <span aria-hidden="true">{name.slice(0, 2).toUpperCase()}</span>
      <span class="sr">{"Seat: " + name}</span>
    </span>
  ) : null;

// ---- figures and times ----

export function count(n) {
  if (n < 1000) return String(n);
  return n < 1e6 ? (n / 1000).toFixed(1) + "k" : (n / 1e6).toFixed(1) + "M";
}

export const money = (amount, currency) =>
  `${currency || ""} ${amount < 0.1 ? amount.toFixed(4) : amount.toFixed(2)}`.trim();

const pad = (n) => String(n).padStart(2, "0");
const dayOf = (at) => at.toLocaleDateString(undefined, { day: "numeric", month: "short" });

export function clock(at) {
  return `${pad(at.getHours())}:${pad(at.getMinutes())}`;
}

// Today: the time; another day: the day too.
export function When({ at }) {
  const date = new Date(at),
    today = new Date().toDateString() === date.toDateString();
  const text = today ? `${clock(date)}:${pad(date.getSeconds())}` : `${dayOf(date)}, ${clock(date)}`;
  return (
    <time class="num" dateTime={at} title={date.toLocaleString()}>
      {text}
    </time>
  );
}

export function seconds(n) {
  if (n < 60) return n + " s";
  return n < 3600
    ? `${Math.floor(n / 60)} min ${n % 60} s`
    : `${Math.floor(n / 3600)} h ${Math.floor((n % 3600) / 60)} min`;
}

// ---- what failed, what is not there ----

export function Failure({ error, again }) {
  return (
    <div class="box red" role="alert">
      <div class="row top">
        <span class="c-red">
          <Icon name="refused" />
        </span>
        <div class="grow">
          <div class="b">{error.message}</div>
          {error.fix && <div>{error.fix}</div>}
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
    <div class="outlines" aria-busy="true" aria-label="Loading">
      <i />
      <i />
      <i />
    </div>
  );
}

export const Empty = ({ children }) => <p class="empty m">{children}</p>;

// ---- an act of a person: what came of it, and whether it is under way ----

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

export function Dialog({ title, close, children }) {
  const ref = useRef();
  useEffect(() => {
    const before = document.activeElement;
    ref.current.showModal();
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

// ---- lists of which only what can be seen is drawn ----

// The scroller's view of a list of equally high rows: [first, last).
export function useWindow(scroller, total, pitch, offset) {
  const [seen, set] = useState([0, 30]);
  useEffect(() => {
    const node = scroller.current;
    if (!node) return undefined;
    let frame;
    const look = () => {
      frame = null;
      const first = Math.max(0, Math.floor((node.scrollTop - offset) / pitch) - 3);
      const last = Math.min(total, Math.ceil((node.scrollTop - offset + node.clientHeight) / pitch) + 3);
      set((old) => (old[0] === first && old[1] === last ? old : [first, last]));
    };
    const soon = () => {
      frame = frame || requestAnimationFrame(look);
    };
    look();
    node.addEventListener("scroll", soon, { passive: true });
    const sizes = new ResizeObserver(soon);
    sizes.observe(node);
    return () => {
      node.removeEventListener("scroll", soon);
      sizes.disconnect();
      cancelAnimationFrame(frame);
    };
  }, [total, pitch, offset]);
  return seen;
}

// app.jsx: the shell: who is signed in, where one is, what waits, whether the page is connected.

import { useEffect, useRef, useState } from "preact/hooks";
import { key, whenDenied } from "./api.js";
import { Board } from "./board.jsx";
import { Card } from "./card.jsx";
import { Inbox } from "./inbox.jsx";
import { connect, disconnect, useData, useLive } from "./live.js";
import { Login } from "./login.jsx";
import { go, useUrl } from "./router.js";
import { Runs } from "./runs.jsx";
import { clock, Dialog, Empty, Failure, Icon } from "./ui.jsx";

const NAV = [
  ["inbox", "Inbox"],
  ["board", "Board"],
  ["runs", "Runs"],
];

// ---- light and dark ----

const THEME = "orket.theme";
const prefersDark = matchMedia("(prefers-color-scheme:dark)");

function showTheme() {
  document.documentElement.dataset.theme =
    localStorage.getItem(THEME) || (prefersDark.matches ? "dark" : "light");
}

function switchTheme() {
  localStorage.setItem(THEME, document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  showTheme();
}

prefersDark.addEventListener("change", showTheme);
showTheme();

// ---- keys: no single one decides anything ----

const KEYS = [
  ["g then i, b, t, r", "Inbox, Board, Tree, Runs"],
  ["j k", "next, previous"],
  ["Enter", "open"],
  ["/", "filter the board"],
  ["m", "move a card"],
  ["a, d", "go to Approve, to the reason for a denial"],
  ["?", "this list"],
];

const typing = (e) =>
  e.target.closest("input,textarea,select,[contenteditable]") || e.ctrlKey || e.metaKey || e.altKey;

function step(by) {
  const all = [...document.querySelectorAll("[data-item]")].filter((node) => node.offsetParent);
  const at = all.indexOf(document.activeElement);
  const next = at < 0 ? all[0] : all[at + by];
  if (next) next.focus();
}

function press(name) {
  const node = document.querySelector(`[data-key="${name}"]`);
  if (!node) return false;
  node.focus();
  if (name === "m") node.click();
  return true;
}

function useKeys(base, help) {
  useEffect(() => {
    let afterG = false;
    const hear = (e) => {
      if (typing(e) || document.querySelector("dialog[open]")) return;
      const to = afterG && { i: "inbox", b: "board", t: "board?view=tree", r: "runs" }[e.key];
      afterG = e.key === "g";
      if (to) go(`${base}/${to}`);
      else if (e.key === "j" || e.key === "k") step(e.key === "j" ? 1 : -1);
      else if (e.key === "?") help();
      else if (!(["/", "m", "a", "d"].includes(e.key) && press(e.key))) return;
      e.preventDefault();
    };
    addEventListener("keydown", hear);
    return () => removeEventListener("keydown", hear);
  }, [base]);
}

// ---- parts of the shell ----

function Connection() {
  const live = useLive();
  if (live.state === "live") {
    return (
      <div class="row s c-teal">
        <span class="dot live" />
        Live{live.last !== null && <span class="f num">event {live.last}</span>}
      </div>
    );
  }
  return (
    <div class="row s m">
      <span class="dot" />
      {live.state === "offline" ? "Not connected" : "Connecting"}
    </div>
  );
}

function OfflineBar() {
  const live = useLive();
  if (live.state !== "offline") return null;
  const seen = live.last === null ? "" : ` You see event ${live.last}.`;
  return (
    <div class="offline" role="status">
      <Icon name="unknown" />
      {`Not connected since ${clock(live.since)}.${seen} The page connects again by itself.`}
    </div>
  );
}

function Links({ base, at, waiting }) {
  return NAV.map(([name, title]) => (
    <a href={`${base}/${name}`} aria-current={at === name ? "page" : undefined}>
      <Icon name={name} />
      {title}
      {name === "inbox" && waiting > 0 && (
        <span class="badge">
          {waiting}
          <span class="sr"> waiting</span>
        </span>
      )}
    </a>
  ));
}

function Tools({ leave }) {
  return (
    <>
      <button
        class="btn g q"
        onClick={switchTheme}
        aria-label="Switch colour theme"
        title="Switch colour theme"
      >
        <Icon name="theme" />
      </button>
      <button class="btn g q" onClick={leave} aria-label="Sign out" title="Sign out">
        <Icon name="leave" />
      </button>
    </>
  );
}

function Navigation({ name, base, at, waiting, leave, help }) {
  return (
    <nav class="side" aria-label="Main">
      <a class="ws" href={`${base}/board`}>
        <span class="logo">
          <Icon name="logo" />
        </span>
        <span class="ell">{name}</span>
      </a>
      <Links base={base} at={at} waiting={waiting} />
      <div class="foot">
        <div class="row">
          <span class="grow b">admin</span>
          <button class="btn g q" onClick={help} aria-label="Keys" title="Keys">
            ?
          </button>
          <Tools leave={leave} />
        </div>
        <Connection />
      </div>
    </nav>
  );
}

const Keys = ({ close }) => (
  <Dialog title="Keys" close={close}>
    <dl class="keys">
      {KEYS.map(([keys, what]) => (
        <>
          <dt>
            <kbd>{keys}</kbd>
          </dt>
          <dd>{what}</dd>
        </>
      ))}
    </dl>
    <div class="acts">
      <button class="btn" onClick={close}>
        Close
      </button>
    </div>
  </Dialog>
);

// On a narrow screen: what stands at the foot of the navigation otherwise.
const More = ({ leave, close }) => (
  <Dialog title="More" close={close}>
    <Connection />
    <div class="acts stack">
      <button class="btn" onClick={switchTheme}>
        Switch colour theme
      </button>
      <button class="btn" onClick={leave}>
        Sign out
      </button>
      <button class="btn" onClick={close}>
        Close
      </button>
    </div>
  </Dialog>
);

// ---- which view ----

function View({ base, parts, query, shared }) {
  const [, , view, name, more] = parts;
  if (view === "board") return <Board base={base} query={query} shared={shared} />;
  if (view === "cards" && name)
    return <Card key={name} base={base} name={name} query={query} shared={shared} />;
  if (view === "inbox") return <Inbox base={base} kind={name} name={more} shared={shared} />;
  if (view === "runs") return <Runs base={base} name={name} shared={shared} />;
  return (
    <>
      <div class="bar">
        <h1>Not found</h1>
      </div>
      <Empty>
        There is no such page.{" "}
        <a class="link" href={`${base}/board`}>
          Open the board
        </a>
      </Empty>
    </>
  );
}

const NOTHING = /^(approval|operation|card|scripts|budget|plan|comment)\./; // what can change the inbox

function Shell({ project, leave }) {
  const url = useUrl(),
    [helps, setHelps] = useState(false),
    [more, setMore] = useState(false),
    main = useRef();
  const name = project.organization || "project",
    base = "/w/" + encodeURIComponent(name);
  const board = useData("/v1/board"),
    inbox = useData("/v1/inbox", (event) => NOTHING.test(event.kind));
  const waiting = inbox.data ? inbox.data.items.length : 0;
  const [first, workspace, view] = url.parts;
  const misses = first === "w" && workspace !== name;
  useKeys(base, () => setHelps(true));
  useEffect(() => {
    if (!view) go(`${base}/board`, true);
  }, [view]);
  useEffect(() => {
    if (main.current) main.current.focus({ preventScroll: true });
  }, [location.pathname]);
  const title = (NAV.find((one) => one[0] === view) || [0, url.parts[3] || "Orket"])[1];
  useEffect(() => {
    document.title = `${waiting ? `(${waiting}) ` : ""}${title} · ${name} · Orket`;
  });
  const at = view === "cards" ? "board" : view;
  return (
    <>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <Navigation
        name={name}
        base={base}
        at={at}
        waiting={waiting}
        leave={leave}
        help={() => setHelps(true)}
      />
      <main id="main" ref={main} tabIndex={-1}>
        <OfflineBar />
        {misses ? (
          <>
            <div class="bar">
              <h1>Another project</h1>
            </div>
            <Empty>
              This server serves {name}, not {workspace}.{" "}
              <a class="link" href={`${base}/board`}>
                Open its board
              </a>
            </Empty>
          </>
        ) : (
          <View base={base} parts={url.parts} query={url.query} shared={{ board, inbox }} />
        )}
      </main>
      <nav class="tabbar" aria-label="Main, at the bottom">
        <Links base={base} at={at} waiting={waiting} />
        <button onClick={() => setMore(true)}>
          <Icon name="more" />
          More
        </button>
      </nav>
      <div class="sr" role="status">
        {waiting === 1 ? "1 item needs you" : `${waiting} items need you`}
      </div>
      {more && <More leave={leave} close={() => setMore(false)} />}
      {helps && <Keys close={() => setHelps(false)} />}
    </>
  );
}

function SignedIn({ leave }) {
  const project = useData("/v1/version", () => false);
  useEffect(() => {
    connect();
    return disconnect;
  }, []);
  if (!project.data)
    return (
      <main class="login">{project.error && <Failure error={project.error} again={project.reload} />}</main>
    );
  return <Shell project={project.data} leave={leave} />;
}

export function App() {
  const [has, set] = useState(!!key.get());
  const leave = () => {
    key.drop();
    disconnect();
    set(false);
  };
  whenDenied(leave);
  return has ? <SignedIn leave={leave} /> : <Login entered={() => set(true)} />;
}

// shell.jsx: where one is, what waits, whether the page is connected: the frame around every view.

import { useEffect, useRef, useState } from "preact/hooks";
import { id } from "../shared/api.js";
import { Dialog } from "../shared/feedback.jsx";
import { clock } from "../shared/format.jsx";
import { Icon } from "../shared/icons.jsx";
import { useData, useLive } from "../shared/live.js";
import { go, useUrl } from "../shared/router.js";
import { asOf, PastBanner, pointOf } from "../past/past.jsx";
import { Keys, useKeys } from "./keys.jsx";
import "./shell.css";
import { switchTheme } from "./theme.js";

const NAV = [
  ["inbox", "Inbox"],
  ["board", "Board"],
  ["runs", "Runs"],
];

// ---- its parts ----

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

// The other projects of this server.
function Others({ name, names }) {
  const others = names.filter((one) => one !== name);
  return (
    others.length > 0 && (
      <>
        <p class="others">Other projects</p>
        {others.map((one) => (
          <a class="other" href={`/w/${id(one)}/board`}>
            <span class="ell">{one}</span>
          </a>
        ))}
      </>
    )
  );
}

function Navigation({ name, names, base, at, waiting, leave, help }) {
  return (
    <nav class="side" aria-label="Main">
      <a class="ws" href={`${base}/board`}>
        <span class="logo">
          <Icon name="logo" />
        </span>
        <span class="ell">{name}</span>
      </a>
      <Links base={base} at={at} waiting={waiting} />
      <Others name={name} names={names} />
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

// On a narrow screen: what stands at the foot of the navigation otherwise.
const More = ({ name, names, leave, close }) => (
  <Dialog title="More" close={close}>
    <Connection />
    <Others name={name} names={names} />
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


// ---- around a view ----

const NOTHING = /^(approval|operation|card|scripts|budget|plan|comment)\./; // what can change the inbox

export function Shell({ name, names, leave, View }) {
  const url = useUrl(),
    [helps, setHelps] = useState(false),
    [more, setMore] = useState(false),
    main = useRef();
  const base = "/w/" + id(name);
  const past = pointOf(url.parts[2], url.query);
  const board = useData(asOf("/v1/board", past), past ? () => false : undefined),
    inbox = useData("/v1/inbox", (event) => NOTHING.test(event.kind));
  const waiting = inbox.data ? inbox.data.items.length : 0;
  const view = url.parts[2];
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
        names={names}
        base={base}
        at={at}
        waiting={waiting}
        leave={leave}
        help={() => setHelps(true)}
      />
      <main id="main" ref={main} tabIndex={-1}>
        <OfflineBar />
        {past && <PastBanner key={past} at={past} view={view} run={view === "runs" && url.parts[3]} base={base} />}
        <View base={base} parts={url.parts} query={url.query} shared={{ board, inbox, at: past }} />
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
      {more && <More name={name} names={names} leave={leave} close={() => setMore(false)} />}
      {helps && <Keys close={() => setHelps(false)} />}
    </>
  );
}

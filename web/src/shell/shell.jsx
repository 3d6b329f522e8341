// shell.jsx: the frame around every view: where one is, what waits, whether the page is connected.

import { useEffect, useRef, useState } from "preact/hooks";
import { useBoard } from "../board/rows.js";
import { PastBanner, pointOf, WrongPoint, wrongPoint } from "../past/past.jsx";
import { id } from "../shared/api.js";
import { Dialog } from "../shared/feedback.jsx";
import { Icon, Sprite } from "../shared/icons.jsx";
import { useData, useLive } from "../shared/live.js";
import { Notices, notify } from "../shared/notices.jsx";
import { go, useUrl } from "../shared/router.js";
import { whoAmI } from "../shared/me.js";
import { Keys, useKeys } from "./keys.jsx";
import { Connection, Links, Navigation, OfflineBar, Others, titleOf } from "./navigation.jsx";
import { useNotifier } from "./notifier.js";
import { Palette } from "./palette.jsx";
import "./shell.css";
import { switchTheme } from "./theme.js";

// ---- its parts ----

const Tool = ({ title, icon, act, children }) => (
  <button class="btn g q" onClick={act} aria-label={title} title={title}>
    {icon ? <Icon name={icon} /> : children}
  </button>
);

const Tools = ({ who, leave, help, settings }) => (
  <div class="row tools">
    <span class="av h" aria-hidden="true">
      {who.slice(0, 2).toUpperCase()}
    </span>
    <span class="grow b ell">{who}</span>
    <Tool title="Keys" act={help}>
      ?
    </Tool>
    <Tool title="Switch colour theme" icon="theme" act={switchTheme} />
    <Tool title="Settings" icon="gear" act={settings} />
    <Tool title="Sign out" icon="leave" act={leave} />
  </div>
);

// On a narrow screen: what stands in the navigation otherwise.
const More = ({ name, names, base, leave, search, close }) => (
  <Dialog title="More" close={close}>
    <Connection />
    <Others name={name} names={names} />
    <div class="acts stack">
      {["plans", "costs", "refusals", "scripts", "settings"].map((view) => (
        <a key={view} class="btn" href={`${base}/${view}`}>
          {titleOf(view)}
        </a>
      ))}
      <button class="btn" onClick={search}>
        Search all
      </button>
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

// ---- what it knows ----

const WAITS = /^(approval|operation|card|scripts|budget|plan|comment|branch)\./; // what can change the inbox

// After the connection is back: how much came.
function useBackAgain() {
  const live = useLive(),
    before = useRef("connecting");
  useEffect(() => {
    const returned = before.current === "offline" && live.state === "live";
    before.current = live.state;
    if (!returned) return;
    const n = live.missed;
    notify({ title: n === 1 ? "Connected again. 1 new event." : `Connected again. ${n} new events.` });
  }, [live.state]);
}

function useTitle(text) {
  useEffect(() => {
    document.title = text;
  }, [text]);
}

const PARTS = { cards: "board", chat: "plans" }; // views that belong to another one's link

export function Shell({ name, names, leave, View }) {
  const url = useUrl(),
    [dialog, open] = useState(null),
    main = useRef();
  const base = "/w/" + id(name),
    past = pointOf(url.parts[2], url.query),
    wrong = wrongPoint(url.parts[2], url.query);
  const board = useBoard(past),
    inbox = useData("/v1/inbox", (event) => WAITS.test(event.kind));
  const waiting = inbox.data ? inbox.data.items.length : 0,
    cards = board.data ? board.data.cards : [];
  const [, , view, what] = url.parts;
  const close = () => open(null),
    search = () => open("search");
  useKeys(base, { help: () => open("keys"), search });
  useBackAgain();
  useNotifier(name, base, inbox.data && inbox.data.items);
  useEffect(() => {
    if (!view) go(`${base}/board`, true);
  }, [view]);
  useEffect(() => {
    close();
    if (main.current) main.current.focus({ preventScroll: true });
  }, [location.pathname]);
  const title = (what && view !== "inbox" && what) || titleOf(view) || "Orket";
  useTitle(`${waiting ? `(${waiting}) ` : ""}${title} · ${name} · Orket`);
  const at = PARTS[view] || view;
  return (
    <>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <Sprite />
      <Navigation
        {...{ name, names, base, at, waiting, cards, search, past }}
        tools={
          <Tools
            who={whoAmI().name}
            leave={leave}
            help={() => open("keys")}
            settings={() => go(`${base}/settings/profile`)}
          />
        }
      />
      <main id="main" ref={main} tabIndex={-1}>
        <OfflineBar />
        {past && <PastBanner key={past} at={past} view={view} run={view === "runs" && what} base={base} />}
        {wrong && <WrongPoint at={wrong} />}
        <View base={base} parts={url.parts} query={url.query} shared={{ board, inbox, at: past }} />
      </main>
      <nav class="tabbar" aria-label="Main, at the bottom">
        <Links base={base} at={at} waiting={past ? 0 : waiting} most={3} />
        <button onClick={() => open("more")}>
          <Icon name="more" />
          More
        </button>
      </nav>
      <Notices />
      <div class="sr" role="status">
        {waiting === 1 ? "1 item needs you" : `${waiting} items need you`}
      </div>
      {dialog === "more" && (
        <More name={name} names={names} base={base} leave={leave} search={search} close={close} />
      )}
      {dialog === "search" && <Palette base={base} cards={cards} close={close} />}
      {dialog === "keys" && <Keys close={close} />}
    </>
  );
}

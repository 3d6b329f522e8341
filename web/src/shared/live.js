// live.js: the journal as it is written, over one WebSocket per tab: of other connections a browser opens six to a
// server, for all tabs together. Events have ids: after a cut they go on behind the last one, and one that came
// before is ignored. Deltas are drafts: they never change a count or a status.

import { useEffect, useState } from "preact/hooks";
import { get, key, place } from "./api.js";

const SILENT = 20000; // ms without a message: the service sends a beat every 15 s
const RETRY = 1000,
  RETRY_MOST = 10000; // ms between two tries
const PAINT = 100; // ms between two paintings of what is live
const AGAIN = 400; // ms between two loads of the same data
const TAIL = 4000; // characters of a draft that are kept

// state: connecting, live (all that was missed has come), offline. last: the newest event that this page has.
// working: by card, what its open turn is at. looking: by card, who looks at it. missed: how many events came since
// the connection was back, before it was live.
export const live = {
  state: "connecting",
  since: null,
  last: null,
  missed: 0,
  drafts: new Map(),
  working: new Map(),
  looking: new Map(),
};

const listeners = new Set(),
  watchers = new Set();
let control, painting, resumed;
let open, // the WebSocket, when it is
  looksAt = null; // a card

function paint() {
  clearTimeout(painting);
  painting = null;
  watchers.forEach((call) => call());
}

// Everything that shows something live is painted together, at most ten times a second.
function paintSoon() {
  painting = painting || setTimeout(paint, PAINT);
}

// At once, so that no part of the page still offers what another one says is not possible.
function become(state) {
  if (live.state === state) return;
  if (state === "offline") live.since = new Date();
  live.state = state;
  paint();
}

// ---- what a card is at ----

function work(card, text) {
  live.working = new Map(live.working);
  if (text === null) live.working.delete(card);
  else live.working.set(card, text);
}

function draft(delta) {
  const old = live.drafts.get(delta.card);
  const kind = delta.tool || (delta.thoughts ? "thinking" : "");
  const goesOn = old && old.turn === delta.turn && old.kind === kind && old.calls === delta.calls;
  const text = ((goesOn ? old.text : "") + delta.text).slice(-TAIL);
  const { turn, run, calls, path } = delta;
  live.drafts.set(delta.card, { turn, run, kind, calls, path, text });
  if (!live.working.has(delta.card)) work(delta.card, "");
  paintSoon();
}

const REPLACES = /^(step|turn|call)\./; // a committed reply takes the draft's place
const OVER = /^turn\.(ended|abandoned|failed)/;

const AT = {
  "turn.started": (body) => (body.review ? "reviewing" : "starting"),
  "call.allowed": (body) => body.tool,
  "step.reply": () => "acting",
  "verify.done": (body) => (body.ok ? "verification passed" : "verification failed"),
};

function follow(event) {
  if (!event.card) return;
  if (REPLACES.test(event.kind)) live.drafts.delete(event.card);
  if (OVER.test(event.kind)) work(event.card, null);
  else if (AT[event.kind] && event.turn > 0) work(event.card, AT[event.kind](event.body));
}

// Who looks at a card at this moment.
function look({ card, who, count }) {
  if (count > 0) live.looking.set(card, who);
  else live.looking.delete(card);
  paintSoon();
}

// ---- the stream ----

function hear(event) {
  if (live.last !== null && event.seq <= live.last) return;
  live.last = event.seq;
  if (live.state !== "live") live.missed += 1;
  follow(event);
  listeners.forEach((one) => one.event(event));
  paintSoon();
}

// The newest event there is, when the stream opens.
function begin(newest) {
  resumed = live.last !== null;
  if (!resumed) live.last = newest;
  live.missed = 0;
}

// The service's sign of life; the first one says that what was missed is there.
function beat() {
  if (live.state === "live") return;
  become("live");
  listeners.forEach((one) => one.opened(resumed));
  if (resumed) alerted();
}

// What no event tells, such as a full disk, may be otherwise now.
function alerted() {
  listeners.forEach((one) => one.event({ kind: "alerts" }));
}

function message({ event, data }) {
  if (event === "beat") beat();
  else if (event === "last") begin(data.seq);
  else if (event === "delta") draft(data);
  else if (event === "presence") look(data);
  else if (event === "alerts") alerted();
  else if (data.seq) hear(data);
}

const base64url = (text) =>
  btoa(String.fromCharCode(...new TextEncoder().encode(text)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");

// A browser sends no headers with a WebSocket: the key goes as a protocol that is offered.
function dial() {
  const path = place("/ws/events") + (live.last === null ? "" : "?after=" + live.last);
  const url = new URL(path, location.href.replace(/^http/, "ws"));
  return new WebSocket(url, ["orket", "orket.bearer." + base64url(key.get())]);
}

// Resolves when the connection is cut, from either side, or says nothing any more.
function stream(signal) {
  const socket = dial();
  return new Promise((over) => {
    let timer;
    const stop = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
      removeEventListener("offline", stop);
      socket.onmessage = socket.onclose = null;
      socket.close();
      over();
    };
    const wait = () => {
      clearTimeout(timer);
      timer = setTimeout(stop, SILENT);
    };
    socket.onopen = () => {
      open = socket;
      live.looking = new Map(); // who looks now is told anew
      paintSoon();
      tellWhere();
    };
    socket.onclose = stop;
    socket.onmessage = ({ data }) => {
      wait();
      message(JSON.parse(data));
    };
    signal.addEventListener("abort", stop);
    addEventListener("offline", stop);
    wait();
  });
}

function tellWhere() {
  if (open && open.readyState === WebSocket.OPEN) open.send(JSON.stringify({ look: looksAt }));
}

// This tab looks at that card, or at none.
export function lookAt(card) {
  looksAt = card;
  tellWhere();
}

// Sleeps; less when the machine has its network back.
const pause = (ms) =>
  new Promise((wake) => {
    setTimeout(wake, ms);
    addEventListener("online", wake, { once: true });
  });

// A browser does not say why a WebSocket was refused; this says when the key is no longer good, or when the journal
// is another one (a backup was restored): then the page begins anew.
function askWhy() {
  get(`/v1/events?limit=1&after=${live.last || 0}`).catch((error) => error.code === "ERR_STALE" && connect());
}

async function keep(signal) {
  let wait = RETRY;
  while (!signal.aborted) {
    await stream(signal);
    if (signal.aborted) return;
    wait = live.state === "live" ? RETRY : Math.min(wait * 2, RETRY_MOST);
    become("offline");
    askWhy();
    await pause(wait);
  }
}

export function connect() {
  disconnect();
  control = new AbortController();
  Object.assign(live, {
    state: "connecting",
    last: null,
    missed: 0,
    drafts: new Map(),
    working: new Map(),
    looking: new Map(),
  });
  if (key.get()) keep(control.signal);
}

export function disconnect() {
  if (control) control.abort();
}

// Events as they come: {opened(again), event(event)}; what it returns ends that.
export function listen(one) {
  listeners.add(one);
  return () => listeners.delete(one);
}

// ---- for components: drawn anew when what `of` picks is another one ----

function useLively(of) {
  const [value, set] = useState(of);
  useEffect(() => {
    const call = () => set(of);
    call();
    watchers.add(call);
    return () => watchers.delete(call);
  }, []);
  return value;
}

export const useLive = () => {
  useLively(() => `${live.state} ${live.last} ${live.missed}`);
  return live;
};

// Can something be sent now?
export const useOnline = () => useLively(() => live.state === "live");

// The cards with an open turn: Map of what each is at.
export const useWorking = () => useLively(() => live.working);

// The names of those who look at this card, or nothing.
export const useLooking = (card) => useLively(() => live.looking.get(card));

// What a model says on this card at this moment, or nothing.
export const useDraft = (card) => useLively(() => live.drafts.get(card));

// ---- data that stays current ----

// {data, error, reload}; loaded anew when the stream opens and after each event that `matters` (none given: every
// one). Without a path nothing is loaded.
export function useData(path, matters) {
  const [state, set] = useState({});
  const [count, reload] = useState(0);
  useEffect(() => {
    if (!path) return undefined;
    let gone = false,
      busy = false,
      again = false,
      failed = false,
      timer;
    const load = async () => {
      busy = true;
      again = false;
      const next = await get(path).then(
        (data) => ({ data, path }),
        (error) => ({ error, path }),
      );
      if (gone) return;
      failed = !!next.error;
      set((old) => (next.error && old.path === path ? { ...old, error: next.error } : next));
      timer = setTimeout(() => {
        busy = false;
        if (again) load();
      }, AGAIN);
    };
    const soon = () => {
      if (busy) again = true;
      else load();
    };
    const end = listen({
      opened: (resumed) => (!resumed || failed) && soon(),
      event: (event) => {
        if (!matters || matters(event)) soon();
      },
    });
    load();
    return () => {
      gone = true;
      clearTimeout(timer);
      end();
    };
  }, [path, count]);
  const own = state.path === path ? state : {};
  return { ...own, reload: () => reload((n) => n + 1) };
}

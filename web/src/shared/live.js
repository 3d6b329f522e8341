// live.js: the journal as it is written, over one stream per tab (text/event-stream by fetch, because
// EventSource cannot send the key). Events have ids: after a cut the stream goes on behind the last one.
// Deltas are drafts: they never change a count or a status.

import { useEffect, useState } from "preact/hooks";
import { get, headers, key, place } from "./api.js";

const SILENT = 20000; // ms without a byte: the service sends a beat every 15 s
const RETRY = 1000,
  RETRY_MOST = 10000; // ms between two tries
const PAINT = 100; // ms between two paintings of drafts
const AGAIN = 400; // ms between two loads of the same data
const TAIL = 4000; // characters of a draft that are kept

export const live = { state: "connecting", since: null, last: null, drafts: new Map() };

const listeners = new Set(),
  watchers = new Set(),
  painters = new Set();
let control, painting;

const changed = () => watchers.forEach((call) => call());

function become(state) {
  if (live.state === state) return;
  if (state === "offline" && live.state !== "offline") live.since = new Date();
  live.state = state;
  changed();
}

function paintSoon() {
  painting =
    painting ||
    setTimeout(() => {
      painting = null;
      painters.forEach((call) => call());
    }, PAINT);
}

function draft(delta) {
  const old = live.drafts.get(delta.card);
  const kind = delta.tool || (delta.thoughts ? "thinking" : "");
  const goesOn = old && old.turn === delta.turn && old.kind === kind && old.calls === delta.calls;
  const text = ((goesOn ? old.text : "") + delta.text).slice(-TAIL);
  live.drafts.set(delta.card, {
    turn: delta.turn,
    run: delta.run,
    kind,
    calls: delta.calls,
    path: delta.path,
    text,
  });
  paintSoon();
}

// A committed reply takes the draft's place.
const REPLACES = /^(step|turn|call)\./;

function event(data) {
  if (live.last !== null && data.seq <= live.last) return;
  live.last = data.seq;
  if (REPLACES.test(data.kind) && live.drafts.delete(data.card)) paintSoon();
  listeners.forEach((one) => one.event(data));
  changed();
}

function block(text) {
  let name = "",
    data = "";
  for (const line of text.split("\n")) {
    if (line.startsWith("event: ")) name = line.slice(7);
    else if (line.startsWith("data: ")) data = line.slice(6);
  }
  if (!data) return;
  const value = JSON.parse(data);
  if (name === "delta") draft(value);
  else event(value);
}

async function read(stream, heard) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    heard();
    const parts = (rest + value).split("\n\n");
    rest = parts.pop();
    parts.forEach(block);
  }
}

async function follow(signal, opened) {
  const more = { Accept: "text/event-stream" };
  if (live.last !== null) more["Last-Event-ID"] = String(live.last);
  const cut = new AbortController();
  const stop = () => cut.abort();
  signal.addEventListener("abort", stop);
  let timer;
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(stop, SILENT);
  };
  heard();
  try {
    const response = await fetch(place("/v1/events"), { headers: headers(more), signal: cut.signal });
    if (!response.ok) return;
    opened();
    await read(response.body, heard);
  } catch {
    /* cut: tried again */
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}

const pause = (ms) => new Promise((wake) => setTimeout(wake, ms));

async function keep(signal) {
  let wait = RETRY;
  while (!signal.aborted) {
    await follow(signal, () => {
      wait = RETRY;
      become("live");
      listeners.forEach((one) => one.opened());
    });
    if (signal.aborted) return;
    become("offline");
    get("/v1/workspaces").catch(() => {}); // says when the key is no longer good
    await pause(wait);
    wait = Math.min(wait * 2, RETRY_MOST);
  }
}

export function connect() {
  disconnect();
  control = new AbortController();
  live.state = "connecting";
  live.last = null;
  live.drafts.clear();
  if (key.get()) keep(control.signal);
}

export function disconnect() {
  if (control) control.abort();
}

// Events as they come: {opened(), event(event)}; what it returns ends that.
export function listen(one) {
  listeners.add(one);
  return () => listeners.delete(one);
}

function useRepaint(set) {
  const [, tick] = useState(0);
  useEffect(() => {
    const call = () => tick((n) => n + 1);
    set.add(call);
    return () => set.delete(call);
  }, []);
}

export function useLive() {
  useRepaint(watchers);
  return live;
}

// What a model says on this card at this moment, or nothing.
export function useDraft(card) {
  useRepaint(painters);
  return live.drafts.get(card);
}

// The answer of a GET: {data, error, reload}; loaded anew when the stream opens and after each event that
// `matters` (none given: every one).
export function useData(path, matters) {
  const [state, set] = useState({});
  const [count, reload] = useState(0);
  useEffect(() => {
    if (!path) return undefined;
    let gone = false,
      busy = false,
      again = false,
      timer;
    const load = async () => {
      busy = true;
      again = false;
      const next = await get(path).then(
        (data) => ({ data, path }),
        (error) => ({ error, path }),
      );
      if (gone) return;
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
    const one = {
      opened: soon,
      event: (data) => {
        if (!matters || matters(data)) soon();
      },
    };
    listeners.add(one);
    load();
    return () => {
      gone = true;
      clearTimeout(timer);
      listeners.delete(one);
    };
  }, [path, count]);
  const own = state.path === path ? state : {};
  return { ...own, reload: () => reload((n) => n + 1) };
}

// run_view.jsx: one run: where it stands, its density and waterfall, the selected event; as it is, or as it was.

import { useEffect, useMemo, useReducer, useRef, useState } from "preact/hooks";
import { ForkDialog } from "../past/fork_dialog.jsx";
import { useDataAt } from "../past/past.jsx";
import { RunActs, RunStatus } from "../runs/runs.jsx";
import { StartDialog } from "../runs/start_dialog.jsx";
import { get, id, post } from "../shared/api.js";
import { useCurrency } from "../shared/currency.js";
import { Failure, Loaded, useAct } from "../shared/feedback.jsx";
import { money, seconds } from "../shared/format.jsx";
import { Icon } from "../shared/icons.jsx";
import { listen, live, useData, useOnline } from "../shared/live.js";
import { may } from "../shared/me.js";
import { useOnce } from "../shared/once.js";
import { setQuery } from "../shared/router.js";
import { EventDetail, parsePlace, useReason } from "./event_detail.jsx";
import { eventOf, RunModel, rowOf } from "./run_model.js";
import { Scrubber } from "./scrubber.jsx";
import "./timeline.css";
import { Waterfall } from "./waterfall.jsx";

const FEW = 200; // rows that are unfolded at once
const PAINT = 100; // ms between two paintings of what came live

// ---- figures ----

function Figures({ run }) {
  const currency = useCurrency();
  const cards = run.cards || {},
    all = Object.values(cards).reduce((sum, n) => sum + n, 0);
  const waiting = (cards.blocked || 0) + (cards.waiting_for_developer || 0);
  const tiles = [
    ["Cards done", `${cards.done || 0} of ${all}`],
    ["Working time", run.seconds === undefined ? "so far" : seconds(run.seconds)],
    ["Cost", run.money > 0 ? money(run.money, currency) : "no price"],
    ["Requests", run.calls],
    ["Refusals", run.refusals],
    ["Waiting", waiting, waiting > 0 && "c-amber"],
  ];
  return (
    <dl class="tiles">
      {tiles.map(([name, value, colour]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd class={colour || ""}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

// ---- the model, live ----

// The run's model, and a number that grows when there is something new in it.
function useModel(outline, name, follows) {
  const model = useMemo(() => outline && new RunModel(outline), [outline]);
  const [version, changed] = useReducer((n) => n + 1, 0);
  const news = useRef(0);
  useEffect(() => {
    if (!model) return undefined;
    let timer;
    const paint = () => {
      timer = null;
      changed();
    };
    const end = listen({
      opened: () => {},
      event: (event) => {
        if (!model.hear(event)) return;
        news.current += 1;
        follows(event);
        timer = timer || setTimeout(paint, PAINT);
      },
    });
    return () => {
      clearTimeout(timer);
      end();
    };
  }, [model]);
  return { model, version, changed, news };
}

// ---- what is unfolded ----

function useFolds(model) {
  const [folds, set] = useState({ turns: new Map(), closed: new Set(), all: null });
  const rows = model ? [...model.turns.values()].reduce((sum, turn) => sum + turn.rows, 0) : 0;
  const newest = model && [...model.turns.keys()].at(-1);
  const every = folds.all ?? rows <= FEW;
  const openTurn = (turn) => folds.turns.get(turn.turn) ?? (every || (folds.all === null && turn.turn === newest));
  const openCard = (card) => !folds.closed.has(card.name);
  return {
    open: { turn: openTurn, card: openCard },
    all: every,
    setAll: (all) => set({ turns: new Map(), closed: new Set(), all }),
    fold(row) {
      set((old) => {
        const turns = new Map(old.turns),
          closed = new Set(old.closed);
        if (row.turn) turns.set(row.turn.turn, !openTurn(row.turn));
        else if (!closed.delete(row.card.name)) closed.add(row.card.name);
        return { ...old, turns, closed };
      });
    },
    unfold(turn) {
      set((old) => {
        if (old.turns.get(turn.turn) && !old.closed.has(turn.card || "")) return old;
        const closed = new Set(old.closed);
        closed.delete(turn.card || "");
        return { ...old, turns: new Map(old.turns).set(turn.turn, true), closed };
      });
    },
    key: folds,
  };
}

// ---- the filter: words, each of which a card or a turn has to have ----

function keepOf(text, cards) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const has = (said) => words.every((word) => said.toLowerCase().includes(word));
  return {
    card: (card) => has(`${card.name} ${(cards.get(card.name) || {}).name || ""}`),
    turn: (turn) => words.length > 0 && has(`${turn.card} turn ${turn.turn} ${turn.seat} ${turn.role} ${turn.model}`),
  };
}

// ---- keys and neighbours ----

const placeOf = (event) => `${event.turn}/${event.n}`;

async function step(model, seq, back) {
  const where = back ? `before=${seq}` : `after=${seq}`;
  const page = await get(`/v1/runs/${id(model.run)}/timeline/events?${where}&limit=1`);
  if (page.items[0]) setQuery("event", placeOf(page.items[0]));
}

function stepTurn(model, seq, back) {
  const turns = [...model.turns.values()].sort((a, b) => a.seq - b.seq);
  const next = back ? turns.findLast((turn) => turn.seq < seq) : turns.find((turn) => turn.seq > seq);
  if (next) setQuery("event", `${next.turn}/1`);
}

const isTyping = (e) =>
  e.target.closest("input,textarea,select") || e.ctrlKey || e.metaKey || e.altKey || document.querySelector("dialog[open]");

function useKeys(acts) {
  const now = useRef();
  now.current = acts;
  useEffect(() => {
    const hear = (e) => {
      const act = !isTyping(e) && now.current[e.key];
      if (!act) return;
      e.preventDefault();
      act();
    };
    addEventListener("keydown", hear);
    return () => removeEventListener("keydown", hear);
  }, []);
}

const NARROW = matchMedia("(max-width:720px)");

function usePitch() {
  const [pitch, set] = useState(NARROW.matches ? 46 : 30);
  useEffect(() => {
    const change = () => set(NARROW.matches ? 46 : 30);
    NARROW.addEventListener("change", change);
    return () => NARROW.removeEventListener("change", change);
  }, []);
  return pitch;
}

// The row of the selected event: its turn is unfolded and read first.
function useChosen(model, place, reason, folds, changed) {
  const [, tick] = useReducer((n) => n + 1, 0);
  const event = reason.data && reason.data.event,
    isOwn = event && event.run === model.run && event.turn > 0;
  const turn = place && model.turns.get(place.turn || (isOwn ? event.turn : 0));
  const n = place && (place.turn ? place.n : isOwn ? event.n : 0);
  useEffect(() => {
    if (!turn) return;
    if (n > 1) folds.unfold(turn);
    model.loadTurn(turn).then((came) => {
      if (came) changed();
      tick();
    }, () => {});
  }, [model, turn && turn.turn, n]);
  if (turn) return rowOf(turn, n);
  return event ? "s" + event.seq : null;
}

// ---- all of it ----

function Timeline({ outline, run, base, name, query, at, board, here }) {
  const [follow, setFollow] = useState(run.status === "running" && !at && !query.has("event"));
  const follows = useRef(follow);
  follows.current = follow;
  const newest = useRef(null),
    pitch = usePitch();
  const { model, version, changed, news } = useModel(outline, name, (event) => {
    if (event.run === name && event.turn > 0) newest.current = event;
    if (follows.current) news.current = 0;
  });
  const folds = useFolds(model),
    place = parsePlace(query.get("event")),
    reason = useReason(name, place);
  const chosen = useChosen(model, place, reason, folds, changed);
  const cards = useMemo(() => new Map(board ? board.cards.map((card) => [card.id, card]) : []), [board]);
  const order = useMemo(() => new Map(board ? board.cards.map((card, i) => [card.id, i]) : []), [board]);
  const words = query.get("q") || "";
  const rows = useMemo(
    () => model.rows(folds.open, order, keepOf(words, cards)),
    [model, model.shape, folds.key, order, words],
  );
  const axis = useMemo(() => model.axis(), [model, model.to]);
  const pointMs = useTimeOf(model, at);
  const selected = reason.data && place ? reason.data.event.seq : null;
  const seq = selected || at || model.last;
  here.current = seq;
  useEffect(() => {
    const event = follow && newest.current,
      turn = event && model.turns.get(event.turn);
    if (turn) folds.unfold(turn);
    if (turn) model.loadTurn(turn).then((came) => came && changed(), () => {});
  }, [version, follow]);
  const goLive = () => {
    news.current = 0;
    setFollow((old) => !old || news.current > 0);
  };
  useKeys({
    "[": () => step(model, selected || (at || model.last) + 1, true),
    "]": () => step(model, seq, false),
    "{": () => stepTurn(model, seq, true),
    "}": () => stepTurn(model, seq, false),
    l: goLive,
  });
  // An event that is not there yet is read first.
  const choose = async (row) => {
    if (row.seq) return setQuery("event", String(row.seq));
    await model.loadTurn(row.turn).catch(() => {});
    const event = eventOf(row);
    return event && setQuery("event", placeOf(event));
  };
  const target = follow && newest.current && model.turns.get(newest.current.turn);
  const reveal = follow
    ? target && { key: rowOf(target, newest.current.n), n: version }
    : chosen && { key: chosen, n: 0 };
  return (
    <div class="tl">
      <Figures run={run} />
      <Scrubber model={model} axis={axis} at={at} atMs={pointMs} set={(to) => setQuery("at", to ? String(to) : "")} />
      <Waterfall
        model={model}
        rows={rows}
        axis={axis}
        cards={cards}
        now={model.to}
        point={at && pointMs ? { seq: at, ms: pointMs } : null}
        chosen={chosen}
        reveal={reveal}
        pitch={pitch}
        fold={folds.fold}
        words={words}
        all={folds.all}
        setAll={folds.setAll}
        version={version}
        known={changed}
        choose={choose}
        unfollow={() => setFollow(false)}
      />
      {!follow && news.current > 0 && (
        <button class="btn p news" onClick={goLive}>
          {news.current} new
        </button>
      )}
      {place && <EventDetail of={reason} run={name} base={base} at={at} />}
    </div>
  );
}

// When a point in time was; known from the banner's event.
function useTimeOf(model, at) {
  const events = useOnce(at ? `/v1/events?after=${at - 1}&limit=1` : null);
  const event = events.data && events.data.items[0];
  return at && event ? Math.min(Math.max(Date.parse(event.at), model.from), model.to) : null;
}

// Is the stream open, or was it? What comes after the outline comes over it.
function useConnected() {
  const [is, set] = useState(live.state !== "connecting");
  useEffect(() => {
    const look = () => set(live.state !== "connecting"); // it may have opened since the first drawing
    look();
    return listen({ opened: look, event: look });
  }, []);
  return is;
}

// While another point is being read, what was shown stays.
function useLatest(of) {
  const last = useRef();
  if (of.data) last.current = of.data;
  return of.error ? of : { ...of, data: last.current };
}

export function RunView({ base, name, query, shared }) {
  const at = shared.at,
    [forks, fork] = useState(null),
    here = useRef(null); // the event that one looks at
  const matters = (event) => event.run === name || /^run\./.test(event.kind);
  const run = useLatest(useDataAt(`/v1/runs/${id(name)}?figures=true`, at, matters));
  const outline = useOnce(useConnected() ? `/v1/runs/${id(name)}/timeline` : null);
  return (
    <>
      <div class="bar">
        <a class="btn g q" href={`${base}/runs`} aria-label="All runs">
          <Icon name="back" />
        </a>
        <h1 class="mono ell">{name}</h1>
        {run.data && (at ? <span class="pill">Event {at}, read only</span> : <RunStatus status={run.data.status} stopping={run.data.stopping} />)}
        <span class="grow" />
        {run.data && (
          <>
            {!at && <Rerun base={base} run={run.data} />}
            <CompareLink base={base} run={run.data} />
            {!at && may("run") && (
              <button class="btn" data-key="f" onClick={() => fork(here.current)}>
                <Icon name="fork" />
                Fork<span class="no-s"> from here</span> <kbd class="no-s">f</kbd>
              </button>
            )}
            {!at && <RunActs run={run.data} reload={run.reload} />}
          </>
        )}
      </div>
      <Loaded of={run}>
        {(data) => (
          <Loaded of={outline}>
            {(known) => (
              <Timeline
                outline={known}
                run={data}
                base={base}
                name={name}
                query={query}
                at={at}
                board={shared.board.data}
                here={here}
              />
            )}
          </Loaded>
        )}
      </Loaded>
      {forks && <ForkDialog run={name} at={forks} base={base} close={() => fork(null)} />}
    </>
  );
}

// What a replay came to.
function replayed(answer) {
  if (answer.ok) return `Replayed: ${answer.events} events in ${answer.turns} turns, as recorded.`;
  return `The replay differs: ${answer.error ? answer.error.message : "see the command orket replay"}`;
}

const OVER = ["done", "canceled"];

// A run that is not under way: derived again from the journal, without a model; built anew once it is over.
function Rerun({ base, run }) {
  const act = useAct(),
    online = useOnline(),
    [starts, start] = useState(false);
  if (run.status === "running" || run.status === "forked" || !may("run")) return null;
  const replay = () => act.run(() => post(`/v1/runs/${id(run.id)}/replay`, {}));
  return (
    <>
      <button class="btn no-s" disabled={act.busy || !online} onClick={replay}>
        {act.busy ? "Replaying" : "Replay"}
      </button>
      {OVER.includes(run.status) && (
        <button class="btn no-s" disabled={!online} onClick={() => start(true)}>
          Run again
        </button>
      )}
      {act.done && (
        <p class={"under box " + (act.done.ok ? "teal" : "red")} role="status">
          {replayed(act.done)}
        </p>
      )}
      {act.error && (
        <div class="under">
          <Failure error={act.error} />
        </div>
      )}
      {starts && <StartDialog cards={[]} base={base} given={run.card} anew close={() => start(false)} />}
    </>
  );
}

// The source of a fork, or any other run.
function CompareLink({ base, run }) {
  const runs = useData(run.of ? null : "/v1/runs?limit=2", (event) => event.kind.startsWith("run."));
  const other = run.of || (runs.data && (runs.data.items.find((one) => one.id !== run.id) || {}).id);
  return other ? (
    <a class="btn no-s" href={`${base}/runs/${id(run.id)}/compare/${id(other)}`}>
      Compare
    </a>
  ) : null;
}

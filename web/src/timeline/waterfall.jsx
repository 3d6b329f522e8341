// waterfall.jsx: a run's cards, turns and events as rows over time. Only rows in sight are drawn; what they show is
// asked for when they stay in sight.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Icon } from "../shared/icons.jsx";
import { setQuery } from "../shared/router.js";
import { Seat, Status } from "../shared/status.jsx";
import { watchScroll } from "../shared/window.js";
import { barsOfRow, boxes, crosses, labels, REFUSED } from "./bars.js";
import { nameOf } from "./event_names.js";
import { eventOf } from "./run_model.js";

const REST = 90; // ms that rows stay in sight before what they show is asked for
// What is drawn, in this order, and how high: the height tells them apart too.
const HEIGHTS = Object.entries({ span: 6, card: 6, model: 12, tool: 8, test: 10, wait: 12, tick: 6 });

// ---- one row ----

function Name({ row, event, cards }) {
  if (!row.turn && !row.seq) {
    const card = cards.get(row.card.name);
    return (
      <>
        {card ? <Status status={card.status} /> : <Icon name="board" />}
        <span class="b mono">{row.card.name || "The run"}</span>
        <span class="m s ell">{card && card.name}</span>
      </>
    );
  }
  if (row.turn && row.k === undefined) {
    const { turn, seat, role, model, steps } = row.turn;
    return (
      <>
        <Seat name={seat} />
        <span class="b">Turn {turn}</span>
        <span class="m s ell">{[role, model, steps === 1 ? "1 step" : steps && steps + " steps"].filter(Boolean).join(", ")}</span>
      </>
    );
  }
  if (!event) return <span class="f s">Event</span>;
  const name = nameOf(event, row.turn && row.turn.ends.get(event.brief.call));
  return (
    <>
      <span class={"st " + (name.colour ? "c-" + name.colour : "m")}>
        <Icon name={name.icon} />
      </span>
      <span class="nw">{name.title}</span>
      <span class="m s ell">{name.detail}</span>
    </>
  );
}

function Lane({ row, event, axis, width, now, middle }) {
  const bars = barsOfRow(row, event, now),
    x = (at) => axis.x(at) * width;
  const of = (kind) => bars.filter((bar) => bar.kind === kind);
  const refused = of("refused");
  return (
    <svg class="g" width={width} aria-hidden="true">
      {HEIGHTS.map(([kind, height]) => {
        const some = of(kind),
          least = some.length > 1 ? 1 : 3;
        return some.length > 0 ? (
          <path class={"k-" + kind} d={boxes(some, x, middle - height / 2, height, width, least)} />
        ) : null;
      })}
      {refused.length > 0 && <path class="k-halo" d={crosses(refused, x, middle)} />}
      {refused.length > 0 && <path class="k-refused" d={crosses(refused, x, middle)} />}
    </svg>
  );
}

function Row({ row, at, pitch, cards, axis, width, now, chosen, active, open, faded }) {
  const event = eventOf(row);
  const folds = !row.seq && row.k === undefined;
  return (
    <div
      class={"wr" + (active ? " at" : "") + (faded ? " later" : "")}
      role="treeitem"
      id={"row-" + row.key}
      style={{ top: at * pitch + "px" }}
      data-row={at}
      aria-level={row.depth + 1}
      aria-setsize={row.of}
      aria-posinset={row.place}
      aria-selected={chosen}
      aria-expanded={folds ? open : undefined}
    >
      <div class={"l d" + row.depth}>
        <Name row={row} event={event} cards={cards} />
      </div>
      <Lane row={row} event={event} axis={axis} width={width} now={now} middle={pitch > 40 ? 9 : 15} />
    </div>
  );
}

// ---- over and around them ----

function Head({ axis, width, all, setAll, lane, words }) {
  return (
    <div class="wr h">
      <div class="l">
        <button class="link" aria-pressed={all} onClick={() => setAll(!all)}>
          {all ? "Fold all" : "Unfold all"}
        </button>
        <input
          class="txt grow"
          type="search"
          data-key="/"
          aria-label="Filter cards and turns"
          placeholder="Filter"
          value={words}
          onInput={(e) => setQuery("q", e.target.value)}
        />
        {[
          ["model", "model"],
          ["tool", "tool"],
          ["wait", "waits"],
        ].map(([kind, word]) => (
          <span key={kind} class="row tight">
            <svg width="9" height="9" aria-hidden="true">
              <path class={"k-" + kind} d="M0 0h9v9H0z" />
            </svg>
            {word}
          </span>
        ))}
      </div>
      <div class="g num" aria-hidden="true" ref={lane}>
        {labels(axis, width).map((one, i) => (
          <span key={i} class={one.idle ? "idle" : ""} style={{ left: one.x + "px" }}>
            {one.text}
          </span>
        ))}
      </div>
    </div>
  );
}

// Pauses, the point in time and what came after it, before the rows.
function Over({ axis, width, height, point }) {
  const idle = axis.gaps
    .map((gap) => {
      const left = axis.x(gap.from) * width;
      return `M${left} 0h${axis.x(gap.to) * width - left}V${height}H${left}z`;
    })
    .join("");
  const x = point && axis.x(point) * width;
  return (
    <div class="over" aria-hidden="true">
      <svg class="g" width={width} height={height}>
        {idle && <path class="k-idle" d={idle} />}
        {point && <path class="k-later" d={`M${x} 0H${width}V${height}H${x}z`} />}
        {point && <path class="k-point" d={`M${x} 0V${height}`} />}
      </svg>
    </div>
  );
}

const Hatch = () => (
  <svg class="sr" aria-hidden="true">
    <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
      <rect class="hatch-bg" width="6" height="6" />
      <rect class="hatch-fg" width="2.4" height="6" />
    </pattern>
    <pattern id="pause" width="5" height="8" patternUnits="userSpaceOnUse">
      <rect class="pause-fg" width="1" height="8" />
    </pattern>
  </svg>
);

// ---- which rows are in sight ----

function useSight(scroller, lane, total, pitch) {
  const [sight, set] = useState({ first: 0, last: 24, height: 400, width: 600 });
  useEffect(() => {
    const node = scroller.current;
    return watchScroll(node, () => {
      if (!lane.current) return; // the view was left before this frame
      const top = node.scrollTop;
      const first = Math.max(0, Math.floor(top / pitch) - 2);
      const last = Math.min(total, Math.ceil((top + node.clientHeight) / pitch) + 2);
      const next = { first, last, height: node.clientHeight, width: lane.current.clientWidth };
      set((old) => (Object.keys(next).every((name) => old[name] === next[name]) ? old : next));
    });
  }, [total, pitch]);
  return sight;
}

const load = (model, one) => (one.shown ? model.loadTurn(one) : model.loadCard(one));

// What is wanted is read one after the other, so that the service is not held up; `known` is called when it came.
async function pump(queue, model, known) {
  if (queue.busy) return;
  queue.busy = true;
  for (const one of queue.wanted) {
    queue.wanted.delete(one);
    const came = await load(model, one).catch(() => false); // offline: wanted again with the next event
    if (came) known();
  }
  queue.busy = false;
}

// What rows show is asked for when they were in sight for a moment.
function useEvents(model, rows, sight, version, known) {
  const queue = useRef({ wanted: new Set(), busy: false }).current;
  useEffect(() => {
    const timer = setTimeout(() => {
      queue.wanted.clear();
      for (const row of rows.slice(sight.first, sight.last)) {
        const one = row.turn || (row.seq && row.card);
        if (one) queue.wanted.add(one);
      }
      pump(queue, model, known);
    }, REST);
    return () => clearTimeout(timer);
  }, [model, rows, sight.first, sight.last, version]);
  useEffect(() => () => queue.wanted.clear(), []);
}

// ---- keys ----

const parentOf = (rows, at) => {
  for (let i = at - 1; i >= 0; i--) if (rows[i].depth < rows[at].depth) return i;
  return at;
};

function moved(key, rows, at, page) {
  const last = rows.length - 1;
  const to = {
    ArrowDown: at + 1,
    j: at + 1,
    ArrowUp: at - 1,
    k: at - 1,
    Home: 0,
    End: last,
    PageDown: at + page,
    PageUp: at - page,
  }[key];
  return to === undefined ? undefined : Math.max(0, Math.min(last, to));
}

export function Waterfall({ model, rows, axis, cards, now, point, chosen, pitch, fold, choose, version, known, all, setAll, words, unfollow, reveal }) {
  const scroller = useRef(),
    lane = useRef(),
    [cursor, setCursor] = useState(null);
  const sight = useSight(scroller, lane, rows.length, pitch);
  useEvents(model, rows, sight, version, known);
  const index = useMemo(() => new Map(rows.map((row, i) => [row.key, i])), [rows]);
  const at = index.has(cursor) ? index.get(cursor) : index.get(chosen);
  const show = (i) => {
    const node = scroller.current,
      top = i * pitch;
    if (top < node.scrollTop) node.scrollTop = top;
    else if (top + pitch > node.scrollTop + node.clientHeight) node.scrollTop = top + pitch - node.clientHeight;
  };
  useEffect(() => {
    if (reveal && index.has(reveal.key)) show(index.get(reveal.key));
  }, [reveal && reveal.key, reveal && reveal.n, index, sight.height]);
  const press = (i) => {
    const row = rows[i];
    setCursor(row.key);
    if (row.seq || row.k !== undefined) choose(row);
    else fold(row);
  };
  const hear = (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const here = at ?? 0,
      row = rows[here];
    let to = moved(e.key, rows, here, Math.max(1, Math.floor(sight.height / pitch) - 2));
    const folds = row && !row.seq && row.k === undefined,
      isOpen = folds && rows[here + 1] && rows[here + 1].depth > row.depth;
    if (e.key === "Enter" || e.key === " ") press(here);
    else if (e.key === "ArrowRight" && folds && !isOpen) fold(row);
    else if (e.key === "ArrowLeft") {
      if (isOpen) fold(row);
      else to = parentOf(rows, here);
    } else if (to === undefined) return;
    e.preventDefault();
    e.stopPropagation();
    unfollow();
    if (to !== undefined) {
      setCursor(rows[to].key);
      show(to);
    }
  };
  const around = useMemo(
    () => (
      <>
        <Hatch />
        <Head axis={axis} width={sight.width} all={all} setAll={setAll} lane={lane} words={words} />
        <Over axis={axis} width={sight.width} height={sight.height} point={point && point.ms} />
      </>
    ),
    [axis, sight.width, sight.height, all, words, point && point.ms],
  );
  return (
    <div class="wfbox">
      {around}
      <div
        class="wf"
        ref={scroller}
        role="tree"
        aria-label="Timeline"
        tabIndex={0}
        aria-activedescendant={at >= sight.first && at < sight.last ? "row-" + rows[at].key : undefined}
        onKeyDown={hear}
        onWheel={unfollow}
        onTouchMove={unfollow}
        onPointerDown={unfollow}
        onClick={(e) => {
          const row = e.target.closest("[data-row]");
          if (row) press(Number(row.dataset.row));
        }}
      >
        {rows.length === 0 && (
          <p class="empty m" role="treeitem">
            No card or turn matches {words}.
          </p>
        )}
        <div class="rows" role="presentation" style={{ height: rows.length * pitch + "px" }}>
          {rows.slice(sight.first, sight.last).map((row, i) => (
            <Row
              key={row.key}
              row={row}
              at={sight.first + i}
              pitch={pitch}
              cards={cards}
              axis={axis}
              width={sight.width}
              now={now}
              chosen={row.key === chosen}
              active={sight.first + i === at}
              open={rows[sight.first + i + 1] !== undefined && rows[sight.first + i + 1].depth > row.depth}
              faded={point && isLater(row, point)}
            />
          ))}
        </div>
      </div>
    </div>
  );
}

function isLater(row, point) {
  if (row.seq) return row.seq > point.seq;
  if (!row.turn) return row.card.from > point.ms;
  const event = row.k === undefined ? null : row.turn.shown[row.k];
  return (event ? event.seq : row.turn.seq) > point.seq;
}

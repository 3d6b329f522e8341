// columns.jsx: cards in columns by status. A drag proposes a transition: each column says where it would lead, or
// why it cannot; the tile stays where it is until the event of its move arrives.

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { Icon } from "../shared/icons.jsx";
import { useOnline, useWorking } from "../shared/live.js";
import { may } from "../shared/me.js";
import { notifyRefusal } from "../shared/notices.jsx";
import { setQuery } from "../shared/router.js";
import { Status, statusName } from "../shared/status.jsx";
import { useView, useWidth, useWindow } from "../shared/window.js";
import { endsOf, heightOf } from "./layout.js";
import { askMoves, proposeWithNotice, stays, verdictOf } from "./moves.js";
import { hasMeta, Tile, waits } from "./tile.jsx";

// Name; where a drop leads; what else stands there.
const COLUMNS = [
  ["Ready", ["ready"], []],
  ["In progress", ["in_progress"], []],
  ["Testing and review", ["ready_for_testing", "code_review"], []],
  ["Parked", ["blocked", "waiting_for_developer"], []],
  ["Done", ["done"], ["canceled", "archived"]],
];
const SHAPES = ["ready", "in_progress", "code_review", "blocked", "done"];
const HEADER = 42; // pixels

// ---- what is dragged ----

// {card, moves} while a tile is dragged; `moves` come a moment later.
function useDrag(open) {
  const [drag, set] = useState(null);
  const [sending, setSending] = useState(null);
  const start = (e, card) => {
    e.dataTransfer.effectAllowed = "move";
    e.dataTransfer.setData("text/plain", card.id);
    setTimeout(set, 0, { card }); // a change of the tile within this event would end the drag
    askMoves(card).then(
      ({ moves }) => set((now) => now && now.card.id === card.id && { ...now, moves }),
      (error) => notifyRefusal(stays(card), error),
    );
  };
  const drop = async (card, verdict) => {
    if (!verdict.allowed) return notifyRefusal(stays(card), verdict);
    if (verdict.needs_reason) return open({ card, status: verdict.status });
    setSending(card);
    await proposeWithNotice(card, verdict.status);
    return setSending(null);
  };
  useEffect(() => {
    const end = () => set(null);
    addEventListener("dragend", end);
    return () => removeEventListener("dragend", end);
  }, []);
  return { drag, sending, start, drop };
}

const Verdict = ({ verdict }) => (
  <p class={"verdict " + (verdict.allowed ? "c-blue" : "c-red")}>
    <Icon name={verdict.allowed ? "move" : "refused"} />
    <span>{verdict.allowed ? `Move to ${statusName(verdict.status)}` : verdict.why}</span>
  </p>
);

// ---- a column ----

const partsOf = (card, working) => ({
  title: card.name,
  why: waits(card),
  says: working.has(card.id),
  meta: hasMeta(card),
});

function Column({ column, cards, seen, held, tile, moving, shown, width, measure }) {
  const [title, targets] = COLUMNS[column],
    working = useWorking();
  const ends = useMemo(
    () => endsOf(cards.map((card) => heightOf(partsOf(card, working), width))),
    [cards, working, width],
  );
  const endOf = useMemo(() => (i) => ends[i], [ends]);
  const [first, last] = useWindow(seen, cards.length, endOf, HEADER);
  const rows = [];
  cards.forEach((card, i) => {
    if ((i >= first && i < last) || card.id === held) rows.push([card, i]);
  });
  const { drag, drop, over, hover } = moving;
  const other = drag && !targets.includes(drag.card.status);
  const verdict = other && drag.moves && verdictOf(drag.moves, targets);
  const hovered = verdict && over === column;
  const events = verdict && {
    onDragOver: (e) => {
      e.preventDefault();
      e.dataTransfer.dropEffect = "move"; // also where it is refused: the drop says why
      if (over !== column) hover(column);
    },
    onDrop: (e) => {
      e.preventDefault();
      drop(drag.card, verdict);
    },
  };
  return (
    <section
      class={["col", shown && "sel", hovered && (verdict.allowed ? "takes" : "refuses")]
        .filter(Boolean)
        .join(" ")}
      aria-label={title}
      {...events}
    >
      <h2>
        <Status status={SHAPES[column]} />
        {title} <span class="f num">{cards.length}</span>
      </h2>
      {verdict && <Verdict verdict={verdict} />}
      <ul ref={measure} style={{ height: (ends.at(-1) || 0) + "px" }}>
        {rows.map(([card, i]) => (
          <Tile
            key={card.id}
            {...tile(card)}
            width={width}
            top={i > 0 ? ends[i - 1] : 0}
            at={i}
            of={cards.length}
            working={working.get(card.id)}
          />
        ))}
      </ul>
    </section>
  );
}

// ---- all of them ----

// The tile with the focus stays drawn, and keeps the focus when its card changes the column.
function useHeld(root) {
  const [held, hold] = useState(null);
  const focused = (e) => hold(e.target.dataset.card || null);
  useLayoutEffect(() => {
    if (!held || document.activeElement !== document.body) return;
    const tile = root.current.querySelector(`[data-card="${CSS.escape(held)}"]`);
    if (tile) tile.focus({ preventScroll: true });
  });
  const left = (e) => {
    if (e.relatedTarget && !e.relatedTarget.closest("dialog")) hold(null);
  };
  return { held, focused, left };
}

const columnOf = (card) => COLUMNS.findIndex(([, some, more]) => [...some, ...more].includes(card.status));

// The one that is shown is in sight.
function Chips({ lists, shown }) {
  const row = useRef();
  useEffect(() => {
    row.current.querySelector("[aria-pressed=true]")?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [shown]);
  return (
    <div class="chips only-s" role="group" aria-label="Column" ref={row}>
      {COLUMNS.map(([title], i) => (
        <button key={title} aria-pressed={i === shown} onClick={() => setQuery("column", String(i))}>
          {title} <span class="num">{lists[i].length}</span>
        </button>
      ))}
    </div>
  );
}

export function Columns({ cards, base, costs, query, open, past }) {
  const scroller = useRef(),
    seen = useView(scroller),
    online = useOnline();
  const [over, hover] = useState(null);
  const { drag, sending, start, drop } = useDrag(open);
  const { held, focused, left } = useHeld(scroller);
  const [measure, width] = useWidth(200);
  const lists = useMemo(() => {
    const some = COLUMNS.map(() => []);
    for (const card of cards) (some[columnOf(card)] || some[0]).push(card);
    return some;
  }, [cards]);
  const busy = lists.findIndex((list, i) => i > 0 && list.length > 0);
  const shown = query.has("column") ? Number(query.get("column")) : Math.max(0, busy);
  const tile = (card) => ({
    card,
    base,
    cost: costs.get(card.id),
    sending: sending && sending.id === card.id && sending.revision === card.revision,
    start: online && !past && may("act") ? start : (e) => e.preventDefault(),
  });
  const moving = { drag, drop, over, hover };
  return (
    <>
      <Chips lists={lists} shown={shown} />
      <div
        class={"scroll" + (drag ? " dragging" : "")}
        ref={scroller}
        tabIndex={0}
        role="region"
        aria-label="Cards by status"
        onFocusIn={focused}
        onFocusOut={left}
      >
        <div class="cols">
          {COLUMNS.map(([title], i) => (
            <Column
              key={title}
              column={i}
              cards={lists[i]}
              seen={seen}
              held={held}
              tile={tile}
              moving={moving}
              shown={i === shown}
              width={width}
              measure={i === shown ? measure : undefined}
            />
          ))}
        </div>
      </div>
    </>
  );
}

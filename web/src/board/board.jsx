// board.jsx: all cards, in columns by status or as a tree; what waits for a person above them.

import { useEffect, useMemo, useState } from "preact/hooks";
import { useDataAt } from "../past/past.jsx";
import { StartDialog } from "../runs/start_dialog.jsx";
import { Empty, Loaded } from "../shared/feedback.jsx";
import { Icon } from "../shared/icons.jsx";
import { may } from "../shared/me.js";
import { setQuery } from "../shared/router.js";
import { Alerts } from "./alerts.jsx";
import "./board.css";
import { Columns } from "./columns.jsx";
import { filtered, filterOf, setFilter } from "./filter.js";
import { MoveDialog } from "./move_dialog.jsx";
import { NeedsYou } from "./needs_you.jsx";
import { underWork } from "./rows.js";
import { costsOf } from "./tile.jsx";
import { Tree } from "./tree.jsx";

// Plans and conversations have a view of their own.
const isWork = (card) => !["epic", "rock", "plan"].includes(card.type);

function useCosts(at) {
  const costs = useDataAt("/v1/costs?by=card", at, (event) => event.kind === "turn.ended").data;
  return useMemo(() => costsOf(costs), [costs]);
}

// ---- the bar ----

function summary(cards) {
  const work = cards.filter(isWork).length,
    epics = underWork(cards).length;
  return `${work} ${work === 1 ? "card" : "cards"}, ${epics} ${epics === 1 ? "epic" : "epics"} under work`;
}

// What is typed stays as it is typed; the URL has what it means.
function Filter({ query }) {
  const meant = filterOf(query);
  const [text, set] = useState(meant);
  useEffect(() => {
    if (meant.split(" ").sort().join() !== text.split(/\s+/).filter(Boolean).sort().join()) set(meant);
  }, [meant]);
  const type = (e) => {
    set(e.target.value);
    setFilter(e.target.value);
  };
  return (
    <label class="filter">
      <Icon name="search" />
      <span class="sr">Filter cards</span>
      <input class="txt" type="search" data-key="/" placeholder="Filter" value={text} onInput={type} />
      <kbd class="no-s">/</kbd>
    </label>
  );
}

const View = ({ tree }) => (
  <div class="seg" role="group" aria-label="View">
    <button aria-pressed={!tree} onClick={() => setQuery("view", "")}>
      Columns
    </button>
    <button aria-pressed={tree} onClick={() => setQuery("view", "tree")}>
      Tree
    </button>
  </div>
);

// ---- the cards ----

const NoCards = ({ base, start, past }) => (
  <Empty>
    No cards yet. Agents propose them for what you want; or epics are files beneath config/epics, and a run brings
    their cards to the board.
    <span class="acts">
      {!past && may("run") && (
        <button class="btn" onClick={start}>
          Start run
        </button>
      )}
      {!past && may("act") && (
        <a class="btn p" href={`${base}/plans?new=plan`}>
          Plan something
        </a>
      )}
    </span>
  </Empty>
);

const NoMatch = ({ text }) => (
  <Empty>
    No card matches {text}.{" "}
    <button class="btn" onClick={() => setFilter("")}>
      Clear filter
    </button>
  </Empty>
);

function Cards({ all, query, base, costs, open, at }) {
  const text = filterOf(query),
    isTree = query.get("view") === "tree";
  const cards = useMemo(() => filtered(isTree ? all : all.filter(isWork), text), [all, text, isTree]);
  if (cards.length === 0 && !text) return <NoCards base={base} start={() => open("start")} past={at} />;
  if (cards.length === 0) return <NoMatch text={text} />;
  return isTree ? (
    <Tree cards={cards} base={base} costs={costs} />
  ) : (
    <Columns cards={cards} base={base} costs={costs} query={query} open={open} past={at} />
  );
}

// `m` on the board moves the card that has the focus; `s` starts a run.
function useBoardKeys(cards, open) {
  useEffect(() => {
    const hear = (e) => {
      if (e.ctrlKey || e.metaKey || e.altKey || document.querySelector("dialog[open]")) return;
      const tile = e.key === "m" && e.target.closest("[data-card]");
      const card = tile && cards.find((one) => one.id === tile.dataset.card);
      if (card) open({ card });
    };
    addEventListener("keydown", hear);
    return () => removeEventListener("keydown", hear);
  }, [cards]);
}

export function Board({ base, query, shared }) {
  const [dialog, open] = useState(null),
    costs = useCosts(shared.at),
    cards = shared.board.data ? shared.board.data.cards : [];
  useBoardKeys(shared.at || !may("act") ? [] : cards, open);
  return (
    <>
      <div class="bar">
        <h1>Board</h1>
        <span class="m no-s ell">{shared.board.data && summary(cards)}</span>
        <span class="grow" />
        <View tree={query.get("view") === "tree"} />
        <Filter query={query} />
        {!shared.at && may("run") && (
          <button class="btn p" data-key="s" onClick={() => open("start")}>
            Start run
          </button>
        )}
      </div>
      {shared.inbox.data && !shared.at && <NeedsYou items={shared.inbox.data.items} base={base} />}
      {!shared.at && <Alerts waiting={shared.inbox.data ? shared.inbox.data.items : []} base={base} />}
      <Loaded of={shared.board}>
        {(data) => (
          <Cards all={data.cards} query={query} base={base} costs={costs} open={open} at={shared.at} />
        )}
      </Loaded>
      {dialog === "start" && <StartDialog cards={cards} base={base} close={() => open(null)} />}
      {dialog && dialog.card && (
        <MoveDialog card={dialog.card} status={dialog.status} close={() => open(null)} />
      )}
    </>
  );
}

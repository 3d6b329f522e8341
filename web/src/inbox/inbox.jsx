// inbox.jsx: what waits for a person, oldest deadline first: the list, and one item with its whole content.

import { useEffect, useState } from "preact/hooks";
import { Empty, Loaded } from "../shared/feedback.jsx";
import { Icon } from "../shared/icons.jsx";
import { useWorking } from "../shared/live.js";
import { go, setQuery } from "../shared/router.js";
import { AnsweredList, Gone } from "./answered.jsx";
import { AllByRule, Batch, Detail } from "./detail.jsx";
import "./inbox.css";
import { hrefOf } from "./items.jsx";
import { List, mayJoin, peersOf } from "./list.jsx";

// The ids of approvals that are chosen for a batch; those that were answered meanwhile fall out.
function useBatch(items) {
  const [ids, set] = useState([]);
  const batch = items.filter((item) => ids.includes(item.id));
  const toggle = (item) =>
    set(ids.includes(item.id) ? ids.filter((one) => one !== item.id) : [...ids, item.id]);
  const choose = (some) => set(some.map((item) => item.id));
  return { batch, toggle, choose };
}

// n, p: the next and the previous item; x: chooses the one with the focus, else the open one.
function useInboxKeys({ items, base, chosen, batch, toggle }) {
  useEffect(() => {
    const hear = (e) => {
      if (
        e.target.closest("input:not([type=checkbox]),textarea,select") ||
        e.ctrlKey ||
        e.metaKey ||
        e.altKey
      )
        return;
      const by = { n: 1, p: -1 }[e.key];
      const next = by && items[(items.indexOf(chosen) + by + items.length) % items.length];
      if (next) go(hrefOf(base, next));
      if (e.key !== "x") return;
      const row = e.target.closest("[data-inbox]");
      const item = row ? items.find((one) => one.id === row.dataset.inbox) : chosen;
      if (item && mayJoin(item, batch)) toggle(item);
    };
    addEventListener("keydown", hear);
    return () => removeEventListener("keydown", hear);
  });
}

function Waiting({ items, base, kind, name, reload }) {
  const chosen = items.find((item) => item.kind === kind && item.id === name),
    { batch, toggle, choose } = useBatch(items),
    busy = useWorking().size;
  useInboxKeys({ items, base, chosen, batch, toggle });
  const done = () => {
    choose([]);
    reload();
  };
  const detail = () => {
    const shown = batch[0] || chosen,
      all = <AllByRule peers={shown ? peersOf(shown, items) : []} n={batch.length} choose={choose} />;
    if (batch.length > 1)
      return <Batch key={batch.map((item) => item.id).join()} items={batch} all={all} base={base} reload={done} />;
    if (chosen) return <Detail key={kind + name} item={chosen} all={all} base={base} reload={reload} />;
    if (name) return <Gone kind={kind} name={name} base={base} />;
    return (
      <section class="ask no-s">
        <Empty>{items.length > 0 && "Choose an item to see its whole content."}</Empty>
      </section>
    );
  };
  return (
    <div class={"mail" + (name || batch.length > 1 ? " open" : "")}>
      <List items={items} base={base} chosen={chosen} batch={batch} toggle={toggle} busy={busy} />
      {detail()}
    </div>
  );
}

const States = ({ answered }) => (
  <div class="seg" role="group" aria-label="State">
    <button aria-pressed={!answered} onClick={() => setQuery("state", "")}>
      Waiting
    </button>
    <button aria-pressed={answered} onClick={() => setQuery("state", "answered")}>
      Answered
    </button>
  </div>
);

export function Inbox({ base, kind, name, query, shared }) {
  const answered = !name && query.get("state") === "answered";
  return (
    <>
      <div class="bar">
        {name && (
          <a class="btn g q only-s" href={`${base}/inbox`} aria-label="Back to the inbox">
            <Icon name="back" />
          </a>
        )}
        <h1>Inbox</h1>
        <span class="m grow">{shared.inbox.data && `${shared.inbox.data.items.length} need you`}</span>
        {!name && <States answered={answered} />}
      </div>
      {answered ? (
        <AnsweredList base={base} />
      ) : (
        <Loaded of={shared.inbox}>
          {({ items }) => (
            <Waiting items={items} base={base} kind={kind} name={name} reload={shared.inbox.reload} />
          )}
        </Loaded>
      )}
    </>
  );
}

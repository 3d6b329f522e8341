// rows.js: all cards of the board, kept current: loaded once, then the rows of those cards that events name are
// asked for anew. What a row says follows from the journal, and only the service works that out.

import { useEffect, useState } from "preact/hooks";
import { asOf } from "../past/past.jsx";
import { get, id } from "../shared/api.js";
import { listen } from "../shared/live.js";

const AGAIN = 250; // ms between two askings for rows
const MOST = 100; // cards that are asked for by name; more: all of them

const NO_ROW = /^(call\.(allowed|result)|turn\.(prompted|nudged)|file\.|tree\.|command\.ran|run\.|egress\.)/;
const ALL = /^(cards\.forked|canary|config\.|store\.)/;

function merged(cards, asked, rows) {
  const fresh = new Map(rows.map((row) => [row.id, row]));
  const kept = cards
    .filter((card) => !asked.has(card.id) || fresh.has(card.id))
    .map((card) => {
      const row = fresh.get(card.id) || card;
      fresh.delete(card.id);
      return row;
    });
  return fresh.size === 0 ? kept : [...kept, ...fresh.values()].sort((a, b) => a.ordinal - b.ordinal);
}

// The epics that agents work on; those of plans and conversations, PLAN-1 and CHAT-1, hold no work.
export const underWork = (cards) =>
  cards.filter(
    (card) => card.type === "epic" && card.status === "in_progress" && !/^(PLAN|CHAT)-\d+$/.test(card.id),
  );

// {data: {cards}, error, reload}; with `past` the board as it was after that event, which no event changes.
export function useBoard(past) {
  const [state, set] = useState({});
  const [tries, again] = useState(0);
  useEffect(() => {
    let touched = new Set(),
      whole = true,
      failed = false,
      timer = null,
      gone = false;
    const ask = async () => {
      const asked = touched,
        all = whole || asked.size > MOST;
      [touched, whole, failed] = [new Set(), false, false];
      const path = all ? asOf("/v1/board", past) : "/v1/board?cards=" + [...asked].map(id).join(",");
      await get(path).then(
        ({ cards }) =>
          !gone && set((old) => ({ data: { cards: all ? cards : merged(old.data.cards, asked, cards) } })),
        (error) => {
          [whole, failed] = [true, true]; // the next event, or connection, tries again
          if (!gone) set((old) => ({ data: past ? undefined : old.data, error }));
        },
      );
      timer = gone ? null : setTimeout(next, AGAIN);
    };
    const next = () => {
      timer = null;
      if (!failed && (whole || touched.size > 0)) soon();
    };
    const soon = () => {
      timer = timer || setTimeout(ask, 0);
    };
    const end = listen({
      opened: (resumed) => {
        whole = whole || !resumed;
        soon();
      },
      event: (event) => {
        if (past || NO_ROW.test(event.kind)) return;
        if (event.card) touched.add(event.card);
        else if (ALL.test(event.kind)) whole = true;
        else return;
        soon();
      },
    });
    soon();
    return () => {
      gone = true;
      clearTimeout(timer);
      end();
    };
  }, [tries, past]);
  return { ...state, reload: () => again((n) => n + 1) };
}

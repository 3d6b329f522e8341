// palette.jsx: search over all: what can be begun and cards by what is on the board at once, then what the service
// finds in comments, memory, files and transcripts.

import { useEffect, useRef, useState } from "preact/hooks";
import { get, id } from "../shared/api.js";
import { Dialog } from "../shared/feedback.jsx";
import { Icon } from "../shared/icons.jsx";
import { may } from "../shared/me.js";
import { go } from "../shared/router.js";
import { Status } from "../shared/status.jsx";
import { visible } from "../shared/visible.js";

const WAIT = 150, // ms without a key before the service is asked
  CARDS = 6;

const KINDS = { card: "board", comment: "plans", memory: "file", file: "file", transcript: "model" };

function cardsOf(cards, text) {
  const word = text.toLowerCase();
  return cards
    .filter((card) => `${card.id} ${card.name}`.toLowerCase().includes(word))
    .slice(0, CARDS)
    .map((card) => ({
      key: "card/" + card.id,
      card,
      link: `cards/${id(card.id)}`,
      title: card.id,
      text: card.name,
    }));
}

const BEGINS = [
  { key: "plan", icon: "plans", link: "plans?new=plan", title: "Plan something", text: "agents propose cards" },
  { key: "chat", icon: "plans", link: "plans?new=chat", title: "New conversation", text: "about the board" },
];

const beginsOf = (text) =>
  may("act") ? BEGINS.filter((row) => row.title.toLowerCase().includes(text.toLowerCase())) : [];

const rowOf = (item, i) => ({
  key: i,
  icon: KINDS[item.kind] || "search",
  link: item.link || (item.card ? `cards/${id(item.card)}` : null),
  title: visible(item.path || item.card || item.run || item.kind),
  text: visible(item.text),
});

function useFound(text) {
  const [found, set] = useState({ text: "", items: [] });
  useEffect(() => {
    if (text.length < 2) return undefined;
    let gone = false;
    const ask = () =>
      get(`/v1/search?limit=20&q=${id(text)}`).then(
        ({ items }) => gone || set({ text, items }),
        (error) => gone || set({ text, items: [], error }),
      );
    const timer = setTimeout(ask, WAIT);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [text]);
  return text.length < 2 ? { items: [] } : found;
}

const Row = ({ row, base, chosen }) => (
  <a
    id={"found-" + row.key}
    role="option"
    aria-selected={chosen}
    class={"found" + (chosen ? " chosen" : "")}
    href={`${base}/${row.link}`}
    tabIndex={-1}
  >
    {row.card ? (
      <Status status={row.card.status} />
    ) : (
      <span class="m">
        <Icon name={row.icon} />
      </span>
    )}
    <span class="mono">{row.title}</span>
    <span class="m ell">{row.text}</span>
  </a>
);

export function Palette({ base, cards, close }) {
  const [text, set] = useState(""),
    [at, move] = useState(0),
    list = useRef();
  const words = text.trim(),
    found = useFound(words);
  const own = words ? [...beginsOf(words), ...cardsOf(cards, words)] : [];
  const rows = [...own, ...found.items.filter((item) => item.kind !== "card").map(rowOf)].filter(
    (row) => row.link,
  );
  const press = (e) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    if (by) move(Math.max(0, Math.min(rows.length - 1, at + by)));
    else if (e.key === "Enter" && rows[at]) {
      close();
      go(`${base}/${rows[at].link}`);
    } else return;
    e.preventDefault();
  };
  useEffect(() => {
    const node = list.current && list.current.querySelector("[aria-selected=true]");
    if (node) node.scrollIntoView({ block: "nearest" });
  }, [at]);
  return (
    <Dialog title="Search all" close={close}>
      <input
        class="txt"
        type="search"
        role="combobox"
        aria-label="Cards, comments, files, transcripts"
        aria-expanded={rows.length > 0}
        aria-controls="found"
        aria-activedescendant={rows[at] ? "found-" + rows[at].key : undefined}
        placeholder="Cards, comments, files, transcripts"
        autofocus
        value={text}
        onInput={(e) => {
          set(e.target.value);
          move(0);
        }}
        onKeyDown={press}
      />
      {rows.length > 0 && (
        <div id="found" role="listbox" aria-label="Found" ref={list} class="founds" onClick={close}>
          {rows.map((row, i) => (
            <Row key={row.key} row={row} base={base} chosen={i === at} />
          ))}
        </div>
      )}
      <p class="s m" role="status">
        {found.error
          ? found.error.message
          : words.length > 1 && rows.length === 0
            ? `Nothing found for ${words}.`
            : ""}
      </p>
    </Dialog>
  );
}

// filter.js: which cards a filter leaves. It is words, of which a card has to have each in its id, name or seat;
// epic:, seat: and status: name a field. The URL has it: those fields under their names, the words as q.

import { go } from "../shared/router.js";

const FIELDS = ["epic", "seat", "status"];

export const filterOf = (query) =>
  [...FIELDS.filter((name) => query.get(name)).map((name) => `${name}:${query.get(name)}`), query.get("q")]
    .filter(Boolean)
    .join(" ");

const wordsOf = (text) => text.toLowerCase().split(/\s+/).filter(Boolean);
const fieldOf = (word) => word.match(/^(epic|seat|status):(.+)$/);

export function setFilter(text) {
  const query = new URLSearchParams(location.search);
  [...FIELDS, "q"].forEach((name) => query.delete(name));
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const [, name, value] = fieldOf(word) || [];
    if (name) query.set(name, value);
    else query.set("q", [query.get("q"), word].filter(Boolean).join(" "));
  }
  const rest = query.toString();
  go(location.pathname + (rest && "?" + rest), true);
}

const says = (text, value) => String(text || "").toLowerCase() === value;

function has(card, word) {
  const [, name, value] = fieldOf(word) || [];
  if (name === "epic") return says(card.epic, value) || says(card.id, value);
  if (name) return says(card[name], value);
  return `${card.id} ${card.name} ${card.seat || ""}`.toLowerCase().includes(word);
}

export function filtered(cards, text) {
  const words = wordsOf(text);
  return words.length === 0 ? cards : cards.filter((card) => words.every((word) => has(card, word)));
}

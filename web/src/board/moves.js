// moves.js: a person proposes a transition; the state machine answers, and the card moves when its event comes.

import { get, id, post } from "../shared/api.js";
import { notify, notifyRefusal } from "../shared/notices.jsx";
import { statusName } from "../shared/status.jsx";

// The state machine's words with the names of the board: "An issue cannot go from Ready to Done."
// A card's id stays as it is.
const isWord = (text) => /^[a-z]+[ ,:]/.test(text);
const sentence = (text) =>
  (isWord(text) ? text[0].toUpperCase() + text.slice(1) : text) + (/[.!?]$/.test(text) ? "" : ".");

const whyOf = (text) =>
  sentence(text.replace(/\bfrom (\w+) to (\w+)/, (_, a, b) => `from ${statusName(a)} to ${statusName(b)}`));

const fixOf = (text) =>
  sentence(
    text.replace(/^from \w+ it may go to (.+)$/, (_, list) => {
      const names = list.split(", ").map(statusName);
      return `you can move it to: ${names.join(", ")}`;
    }),
  );

const inWords = (move) => ({ ...move, why: whyOf(move.why), fix: move.fix && fixOf(move.fix) });

// {card, status, revision, moves: [{status, allowed, needs_reason, reasons, rule, why, fix}]}
export async function askMoves(card) {
  const answer = await get(`/v1/cards/${id(card.id)}/moves`);
  return { ...answer, moves: answer.moves.map(inWords) };
}

export const stays = (card) => `${card.id} stays in ${statusName(card.status)}`;

// Sends a proposal for the card as the person saw it. Throws what was objected.
export const propose = (card, status, more) =>
  post("/v1/acts/move", { card: card.id, status, revision: card.revision, ...more });

// What a person saw, and what is so now.
export async function staleness(card, error) {
  const now = await askMoves(card).catch(() => null);
  const fix = now
    ? `You saw ${statusName(card.status)}, revision ${card.revision}; it is in ${statusName(now.status)} now, ` +
      `revision ${now.revision}.`
    : error.fix;
  return { message: "The card was changed meanwhile.", fix, code: error.code, id: error.id };
}

// The same without a dialog: a notice says what came of it.
export async function proposeWithNotice(card, status) {
  try {
    await propose(card, status);
    notify({ title: `${card.id} moved to ${statusName(status)}` });
  } catch (error) {
    const why = error.code === "ERR_STALE" ? await staleness(card, error) : error;
    notifyRefusal(stays(card), why);
  }
}

// What a column answers while a card is dragged: the first of its statuses that is allowed, else why none is.
export function verdictOf(moves, statuses) {
  const some = statuses.map((status) => moves.find((move) => move.status === status)).filter(Boolean);
  return some.find((move) => move.allowed) || some[0];
}

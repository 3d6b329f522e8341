// talks.js: plans and conversations as one list: what waits for the person first, then the newest; and what
// their statuses are called.

import { id } from "../shared/api.js";

// [name, colour, icon]; the first four wait for a person.
const STATUSES = {
  waiting: ["Needs a decision", "amber", "ask"],
  question: ["Needs a decision", "amber", "ask"],
  parked: ["Parked", "amber", "blocked"],
  failed: ["No plan came", "red", "refused"],
  open: ["At work", "blue", "in_progress"],
  answered: ["Answered", "gray", "plans"],
  accepted: ["Accepted", "teal", "done"],
  dropped: ["Rejected", "gray", "canceled"],
};
const WAITS = ["waiting", "question", "parked", "failed"];
const OF_CARD = { ready: "open", in_progress: "open", waiting_for_developer: "answered", blocked: "parked" };

export const statusOf = (status) => STATUSES[status] || [status, "gray", "plans"];

// Of a conversation, in the list or whole.
export const chatStatus = (talk) => (talk.question ? "question" : OF_CARD[talk.status] || "dropped");

export const isWaiting = (row) => WAITS.includes(row.status);

const planRow = (plan) => ({ ...plan, view: "plans" });
const chatRow = (talk) => ({
  id: talk.id,
  view: "chat",
  name: talk.first || "A conversation",
  status: chatStatus(talk),
  updated_at: talk.updated_at,
});

export const rowsOf = (plans, chats) =>
  [...plans.map(planRow), ...chats.map(chatRow)].sort(
    (a, b) => isWaiting(b) - isWaiting(a) || (a.updated_at < b.updated_at ? 1 : -1),
  );

export const hrefOfTalk = (base, row) => `${base}/${row.view}/${id(row.id)}`;

// Does an event change a plan, or a conversation?
export const isOfTalks = (event) => /^(PLAN|CHAT)-/.test(event.card || "");

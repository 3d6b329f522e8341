// talks.js: plans and conversations as one list: what waits for the person first, then the newest; and what
// their statuses are called.

import { id } from "../shared/api.js";

// [name, colour, icon]
const STATUSES = {
  waiting: ["Needs a decision", "amber", "ask"],
  question: ["Needs a decision", "amber", "ask"],
  parked: ["Parked", "amber", "blocked"],
  failed: ["No plan came", "red", "refused"],
  open: ["At work", "blue", "in_progress"],
  stopped: ["Stopped", "amber", "blocked"],
  answered: ["Answered", "gray", "plans"],
  accepted: ["Accepted", "teal", "done"],
  dropped: ["Rejected", "gray", "canceled"],
};
// Those that wait for a person.
const WAITS = ["waiting", "question", "parked", "failed", "stopped"];
const OF_CARD = { ready: "open", in_progress: "open", waiting_for_developer: "answered", blocked: "parked" };

export const statusOf = (status) => STATUSES[status] || [status, "gray", "plans"];

// Somebody stopped it before it came to an end.
const orStopped = (status, { stopped }) => (status === "open" && stopped ? "stopped" : status);

export const planStatus = (plan) => orStopped(plan.status, plan);

// Of a conversation, in the list or whole.
export function chatStatus(talk) {
  if (talk.question) return "question";
  return talk.why ? "parked" : orStopped(OF_CARD[talk.status] || "dropped", talk);
}

export const isWaiting = (row) => WAITS.includes(row.status);

const planRow = (plan) => ({ ...plan, view: "plans", status: planStatus(plan) });
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

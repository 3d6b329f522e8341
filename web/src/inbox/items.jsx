// items.jsx: the kinds of what waits for a person, and what each item says in one line.

import { id } from "../shared/api.js";
import { left } from "../shared/format.jsx";
import { may } from "../shared/me.js";

// In the order of the list: {kind, title (of the group), one, icon}
export const KINDS = [
  { kind: "approval", title: "Approvals", one: "Approval", icon: "ask" },
  { kind: "question", title: "Questions", one: "Question", icon: "waiting_for_developer" },
  { kind: "unknown", title: "Unknown outcomes", one: "Unknown outcome", icon: "unknown" },
  { kind: "cap", title: "Caps", one: "Cap reached", icon: "blocked" },
  { kind: "parked", title: "Parked", one: "Parked", icon: "blocked" },
  { kind: "plan", title: "Plans", one: "Plan", icon: "plans" },
  { kind: "scripts", title: "Script changes", one: "Script change", icon: "file" },
  { kind: "proposal", title: "Proposed scripts", one: "Proposed scripts", icon: "file" },
  { kind: "push", title: "Pushes", one: "Push failed", icon: "blocked" },
];

export const kindOf = (kind) =>
  KINDS.find((one) => one.kind === kind) || { kind, title: kind, one: kind, icon: "unknown" };

const NEEDS = { scripts: "admin" };

export const mayAnswer = (item) => may(NEEDS[item.kind] || "act") && !item.objection;

// An approval of a plan's proposal stands among the plans.
export const groupOf = (item) => (item.plan ? "plan" : item.kind);

export const hrefOf = (base, item) => `${base}/inbox/${item.kind}/${id(item.id)}`;

export const short = (asks) => asks.replace(/ content=\d+ bytes/, "");

const HEADLINES = {
  approval: (item) =>
    item.plan ? `Accept the plan ${item.plan}` : `Approve ${short(item.asks || item.title)}`,
  question: (item) => item.lines[0],
  cap: (item) => `Raise a cap: ${item.cap}`,
  parked: (item) => item.lines[0] || item.title,
  scripts: () => "Accept a script change",
  proposal: (item) => item.title,
};

export const headline = (item) => (HEADLINES[item.kind] || ((one) => one.title))(item);

export const subline = (item) =>
  [item.card, item.role, item.rule, item.expires_at && left(item.expires_at)].filter(Boolean).join(", ") ||
  kindOf(item.kind).one;

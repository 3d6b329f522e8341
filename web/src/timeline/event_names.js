// event_names.js: what a row of the timeline is called, with the icon that carries its meaning.

import { count } from "../shared/format.jsx";
import { statusName } from "../shared/status.jsx";
import { visible } from "../shared/visible.js";

const text = (...parts) => parts.filter(Boolean).join(", ");

// kind -> (brief, event) => [icon, title, detail, colour]
const NAMES = {
  "turn.started": (b) => ["board", "Turn began", text(b.seat, b.model)],
  "turn.forked": () => ["fork", "Goes on from another run"],
  "turn.prompted": () => ["file", "Prompt"],
  "turn.nudged": () => ["file", "Nudge"],
  "step.reply": (b, e) => ["model", e.step ? "Reply " + e.step : "Reply", text(b.tokens && count(b.tokens) + " tokens", b.model)],
  "step.failed": (b) => ["refused", "Request failed", text(b.code, b.why || b.message), "red"],
  "call.allowed": (b) => ["tool", b.tool, b.about],
  "call.result": (b) => ["tool", b.tool, b.about],
  "call.refused": (b) => ["refused", b.tool + " refused", text(b.about, b.rule), "red"],
  "operation.refused": (b) => ["refused", b.tool + " refused", text(b.about, b.rule), "red"],
  "approval.asked": (b) => ["ask", "Approval asked", text(b.tool, b.rule), "amber"],
  "approval.answered": (b) =>
    b.answer === "denied" || b.answer === "no"
      ? ["refused", "Denied", b.why, "red"]
      : ["done", "Approved once", b.why, "teal"],
  "operation.uncertain": () => ["unknown", "Unknown outcome", "", "amber"],
  "operation.answered": (b) => ["done", "Outcome answered", b.answer],
  "file.written": (b) => ["file", "Wrote " + b.path],
  "file.deleted": (b) => ["file", "Deleted " + b.path],
  "comment.added": (b) => ["waiting_for_developer", "Comment", b.text],
  "card.created": () => ["board", "Card made"],
  "card.changed": () => ["board", "Card changed"],
  "card.moved": (b) => ["move", "Moved to " + statusName(b.to), b.why],
  "verify.done": (b) =>
    b.ok ? ["done", "Verification passed", "", "teal"] : ["refused", "Verification failed", "", "red"],
  "command.ran": (b) => ["tool", "Ran " + (b.program || "a program"), b.exit ? "exit " + b.exit : ""],
  "tree.merged": () => ["done", "Files merged"],
  "tree.conflict": (b) => ["refused", "Conflict in " + b.path, "", "red"],
  "budget.reached": (b) => ["blocked", "Budget used up", b.cap, "amber"],
  "model.paused": (b) => ["blocked", "Model paused", text(b.model, b.code), "amber"],
  "turn.ended": (b) => ["done", "Turn ended", b.why || b.outcome],
  "turn.failed": (b) => ["refused", "Turn failed", text(b.code, b.why), "red"],
  "turn.abandoned": (b) => ["canceled", "Turn given up", b.why],
  "run.started": () => ["runs", "Run began"],
  "run.resumed": () => ["runs", "Run goes on"],
  "run.forked": () => ["fork", "Run forked"],
  "run.ended": (b) => ["runs", "Run ended", b.status],
};

// {icon, title, detail, colour}; result: of a call, when it has one.
export function nameOf(event, result) {
  const brief = event.brief || event.body || {};
  const words = event.kind.replace(/[._]/g, " ");
  const make = NAMES[event.kind] || (() => ["move", words[0].toUpperCase() + words.slice(1), brief.why]);
  const [icon, title, detail, colour] = make(brief, event).map(visible);
  if (result && result.brief.ok === false)
    return { icon: "refused", title: title + " failed", detail, colour: "red" };
  return { icon, title, detail, colour };
}

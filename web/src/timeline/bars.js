// bars.js: what was going on in a turn, when: a model answered, a tool ran, a test, a wait, a refusal. A row draws each
// kind as one path, however many there are.

const WAITS = /^(approval\.asked|operation\.uncertain|budget\.reached|model\.paused)$/;
const ENDS_WAIT = /^(approval\.answered|operation\.answered|budget\.lifted|step\.reply|turn\.(ended|failed|abandoned))$/;
const MODEL = /^(step\.(reply|failed)|window\.summarised|memory\.ranked)$/;
export const REFUSED = /^(call|operation)\.refused$/;

// The time at which a wait ended; open ones last until now.
function endOfWait(list, at, now) {
  for (let i = at + 1; i < list.length; i++) if (list[i] && ENDS_WAIT.test(list[i].kind)) return list[i].ms;
  return now;
}

// {kind, from, to} of one event of a turn's list, or null: it is a moment.
function barOf(turn, event, now) {
  const before = turn.list[event.n - 2];
  if (MODEL.test(event.kind)) return { kind: "model", from: before ? before.ms : event.ms, to: event.ms };
  if (event.kind === "call.allowed") {
    const result = turn.ends.get(event.brief.call);
    return { kind: "tool", from: event.ms, to: result ? result.ms : turn.outcome ? event.ms : now };
  }
  if (WAITS.test(event.kind)) return { kind: "wait", from: event.ms, to: endOfWait(turn.list, event.n - 1, now) };
  return REFUSED.test(event.kind) ? { kind: "refused", from: event.ms, to: event.ms } : null;
}

// Of a whole turn; what is not known yet is one span.
export function barsOf(turn, now) {
  if (turn.list.length === 0) return [{ kind: "span", from: turn.from, to: turn.to }];
  return turn.list.map((event) => event && barOf(turn, event, now)).filter(Boolean);
}

// Of one row: a card, a turn, an event.
export function barsOfRow(row, event, now) {
  if (row.seq) {
    if (!event) return [];
    return [{ kind: event.kind === "verify.done" ? "test" : "tick", from: startOf(row.card, event), to: event.ms }];
  }
  if (!row.turn) return [{ kind: "card", from: row.card.from, to: row.card.to }];
  if (row.k === undefined) return barsOf(row.turn, now);
  return event ? [barOf(row.turn, event, now) || { kind: "tick", from: event.ms, to: event.ms }] : [];
}

// A verification began when its card was handed in: with the end of the turn before it.
function startOf(card, event) {
  if (event.kind !== "verify.done") return event.ms;
  const ends = card.turns.map((turn) => turn.to).filter((at) => at <= event.ms);
  return ends.length ? Math.max(...ends) : event.ms;
}

const R = 2; // the radius of corners

const box = (left, top, width, height) =>
  width < 3 * R
    ? `M${left} ${top}h${width}v${height}h${-width}z`
    : `M${left + R} ${top}h${width - 2 * R}a${R} ${R} 0 0 1 ${R} ${R}v${height - 2 * R}a${R} ${R} 0 0 1 ${-R} ${R}` +
      `h${2 * R - width}a${R} ${R} 0 0 1 ${-R} ${-R}v${2 * R - height}a${R} ${R} 0 0 1 ${R} ${-R}z`;

// One path of boxes: top and height in pixels, each at least so wide, within `most`.
export function boxes(bars, x, top, height, most, least) {
  return bars
    .map((bar) => {
      const from = Math.round(Math.min(x(bar.from), most - least)),
        width = Math.max(least, Math.round(x(bar.to) - from));
      return box(from, top, width, height);
    })
    .join("");
}

// One path of crosses: refusals have a shape, not only a colour.
export const crosses = (bars, x, middle) =>
  bars
    .map((bar) => {
      const at = x(bar.from);
      return `M${(at - 3).toFixed(1)} ${middle - 3}l6 6m0-6l-6 6`;
    })
    .join("");

// ---- the head of the axis ----

const pad = (n) => String(n).padStart(2, "0");

function clockOf(at, fine) {
  const date = new Date(at);
  return `${pad(date.getHours())}:${pad(date.getMinutes())}${fine ? ":" + pad(date.getSeconds()) : ""}`;
}

export function span(ms) {
  const minutes = Math.round(ms / 60000);
  if (minutes < 60) return `${minutes} min`;
  return minutes < 1440
    ? `${Math.floor(minutes / 60)} h ${minutes % 60} min`
    : `${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`;
}

const ROOM = 84; // pixels that a label takes

// {x, text, idle} of labels that do not touch; those of pauses come first.
export function labels(axis, width) {
  const all = [],
    fine = axis.to - axis.from - axis.gaps.reduce((sum, gap) => sum + gap.to - gap.from, 0) < 600000;
  for (const gap of axis.gaps) {
    const left = axis.x(gap.from) * width,
      right = axis.x(gap.to) * width;
    const words = span(gap.to - gap.from) + (right - left > 100 ? " idle" : "");
    if (right - left > 48) all.push({ x: (left + right) / 2, half: words.length * 3, text: words, idle: true });
  }
  const half = fine ? 26 : 18;
  const isFree = (x) => all.every((one) => Math.abs(one.x - x) > one.half + half + 12);
  for (const [from, to] of axis.parts) {
    const start = axis.x(from) * width,
      end = axis.x(to) * width;
    for (let x = start; x < end - half && !axis.gaps.some((gap) => gap.from === from); x += ROOM * 1.6) {
      const at = from + ((x - start) / Math.max(1, end - start)) * (to - from);
      const middle = Math.min(Math.max(x, half + 4), width - half - 4);
      if (isFree(middle)) all.push({ x: middle, half, text: clockOf(at, fine) });
    }
  }
  return all;
}

// run_model.js: a run's outline and the events that are known of it, as the rows of a waterfall and as a time axis.
// Nothing here draws.

import { get, id } from "../shared/api.js";

const PAGE = 100; // events that are asked for at once
const IDLE = 60000; // ms without an event, after which a run was idle, as the service counts

// What a model or a program was waited for: no pause.
const WORK = /^(step\.(reply|failed)|call\.result|command\.ran|verify\.done|memory\.ranked|window\.summarised)$/;

// A turn's first event is the turn's row; a result ends its call's.
const isRow = (event) => event.n > 1 && event.kind !== "call.result";

const ms = (at) => (typeof at === "number" ? at : Date.parse(at));

// ---- the time axis: pauses are narrow ----

export class Axis {
  constructor(from, to, gaps) {
    const width = gaps.length ? Math.min(0.14, 0.3 / gaps.length) : 0;
    const idle = gaps.reduce((sum, gap) => sum + gap.to - gap.from, 0);
    const scale = (1 - width * gaps.length) / Math.max(1, to - from - idle);
    this.parts = []; // [from, to, x, scale], in order
    let at = from,
      x = 0;
    const add = (end, factor) => {
      this.parts.push([at, end, x, factor]);
      x += (end - at) * factor;
      at = end;
    };
    for (const gap of gaps) {
      add(gap.from, scale);
      add(gap.to, width / (gap.to - gap.from));
    }
    add(to, scale);
    Object.assign(this, { from, to, gaps });
  }

  // Where a time is, from 0 to 1.
  x(at) {
    let low = 0,
      high = this.parts.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (at <= this.parts[middle][1]) high = middle;
      else low = middle + 1;
    }
    const [from, to, x, scale] = this.parts[low];
    return Math.min(1, x + Math.max(0, Math.min(at, to) - from) * scale);
  }
}

// ---- a run ----

export class RunModel {
  constructor(outline) {
    this.run = outline.run;
    Object.assign(this, { first: outline.first, last: outline.last, from: outline.from, to: outline.to });
    this.gaps = outline.gaps;
    this.density = outline.density;
    this.events = outline.events;
    this.unit = Math.max(1, (outline.to - outline.from) / 160);
    this.cards = new Map();
    this.turns = new Map();
    this.shape = 0; // grows when there are other rows
    for (const one of outline.cards) Object.assign(this.card(one.card, one.from), { own: one.seqs, to: one.to });
    for (const turn of outline.turns) this.addTurn(turn);
  }

  card(name, at) {
    if (!this.cards.has(name)) this.cards.set(name, { name, own: [], turns: [], from: at, to: at, known: new Map() });
    const card = this.cards.get(name);
    card.from = Math.min(card.from, at);
    return card;
  }

  addTurn(turn) {
    const card = this.card(turn.card || "", turn.from);
    const one = { ...turn, shown: [], list: [], ends: new Map() };
    this.turns.set(turn.turn, one);
    card.turns.push(one);
    card.to = Math.max(card.to, turn.to);
    return one;
  }

  axis() {
    return new Axis(this.from, this.to, this.gaps);
  }

  // ---- events of a turn, of a card ----

  // All of a turn that is there; true when something came.
  async loadTurn(turn) {
    if (turn.busy || turn.list.length >= turn.events) return false;
    turn.busy = true;
    try {
      while (turn.list.length < turn.events) {
        const page = await get(
          `/v1/runs/${id(this.run)}/timeline/events?turn=${turn.turn}&after=${this.resumes(turn)}&limit=${PAGE}`,
        );
        if (page.items.length === 0) break;
        page.items.forEach((event) => this.put(turn, event));
        turn.events = Math.max(turn.events, turn.list.length);
        if (!page.next) break;
      }
      if (turn.shown.length > turn.rows) {
        turn.rows = turn.shown.length;
        this.shape += 1;
      }
    } finally {
      turn.busy = false;
    }
    return true;
  }

  // What a call is about is in its reply: it is read with it.
  resumes(turn) {
    const reply = turn.list.findLast((event) => event.kind === "step.reply");
    return reply ? reply.n - 1 : turn.list.length;
  }

  put(turn, event) {
    const known = turn.list[event.n - 1];
    event.ms = ms(event.at);
    turn.list[event.n - 1] = event;
    if (event.kind === "call.result") turn.ends.set(event.brief.call, event);
    if (!isRow(event)) return;
    if (known) turn.shown[turn.shown.indexOf(known)] = event;
    else turn.shown.push(event);
  }

  async loadCard(card) {
    if (card.busy || card.known.size >= card.own.length) return false;
    card.busy = true;
    try {
      let after = Math.max(0, ...card.known.keys());
      do {
        const page = await get(
          `/v1/runs/${id(this.run)}/timeline/events?card=${id(card.name)}&after=${after}&limit=${PAGE}`,
        );
        for (const event of page.items) card.known.set(event.seq, { ...event, ms: ms(event.at) });
        after = page.next;
      } while (after);
      if (card.known.size !== card.own.length) {
        card.own = [...card.known.keys()].sort((a, b) => a - b);
        this.shape += 1;
      }
    } finally {
      card.busy = false;
    }
    return true;
  }

  // ---- live ----

  // An event of the stream; false when it is not of this run.
  hear(event) {
    const isOwn = event.run === this.run;
    if (event.seq <= this.last || !(isOwn || (event.run === "board" && this.cards.has(event.card)))) return false;
    const at = ms(event.at);
    if (isOwn && event.turn > 0) this.hearTurn(event, at);
    else if (event.card) {
      const card = this.card(event.card, at);
      card.own.push(event.seq);
      card.to = at;
    }
    if (isOwn) this.hearTime(event, at);
    this.last = event.seq;
    this.shape += 1;
    return true;
  }

  hearTurn(event, at) {
    const { seat, role, model } = event.body;
    const fresh = { turn: event.turn, card: event.card, seat, role, model, seq: event.seq, from: at, to: at };
    const turn = this.turns.get(event.turn) || this.addTurn({ ...fresh, events: 0, rows: 0, steps: 0 });
    turn.events = Math.max(turn.events, event.n);
    if (isRow(event) && !turn.list[event.n - 1]) turn.rows += 1; // else it was read before it was heard
    if (event.kind === "turn.ended") turn.outcome = event.body.outcome;
    turn.steps = Math.max(turn.steps, event.step);
    turn.to = at;
    const card = this.cards.get(turn.card || "");
    card.to = at;
  }

  hearTime(event, at) {
    if (at - this.to > IDLE && !WORK.test(event.kind)) this.gaps = [...this.gaps, { from: this.to, to: at }];
    const slot = this.density[this.density.length - 1];
    if (slot && at - slot.at < this.unit) Object.assign(slot, { events: slot.events + 1, seq: event.seq });
    else this.density.push({ at, events: 1, seq: event.seq });
    this.to = Math.max(this.to, at);
    this.events += 1;
  }

  // ---- rows ----

  // open: is this turn, this card, unfolded? order: of the cards on the board, by id. keep: is this card, this turn
  // shown?
  // {depth, card} of a card, {depth, card, turn} of a turn, {depth, card, turn, k} of its k-th row,
  // {depth, card, seq} of an event outside of turns; `place` and `of` count those beside it.
  rows(open, order, keep) {
    const rows = [];
    const cards = [...this.cards.values()]
      .filter((card) => keep.card(card) || card.turns.some(keep.turn))
      .sort((a, b) => (order.get(a.name) ?? 1e9) - (order.get(b.name) ?? 1e9) || a.from - b.from);
    cards.forEach((card, i) => {
      rows.push({ key: "c" + card.name, depth: 0, card, place: i + 1, of: cards.length });
      if (open.card(card)) this.addRows(rows, card, open, keep);
    });
    return rows;
  }

  addRows(rows, card, open, keep) {
    const whole = keep.card(card),
      turns = whole ? card.turns : card.turns.filter(keep.turn);
    const all = [...(whole ? card.own : []).map((seq) => ({ seq })), ...turns.map((turn) => ({ seq: turn.seq, turn }))];
    all.sort((a, b) => a.seq - b.seq);
    all.forEach(({ seq, turn }, i) => {
      const place = { depth: 1, card, place: i + 1, of: all.length };
      rows.push(turn ? { key: "t" + turn.turn, turn, ...place } : { key: "s" + seq, seq, ...place });
      for (let k = 0; turn && k < turn.rows && open.turn(turn); k++)
        rows.push({ key: `t${turn.turn}.${k}`, depth: 2, card, turn, k, place: k + 1, of: turn.rows });
    });
  }
}

// The event that a row is, when it is known.
export function eventOf(row) {
  if (row.seq) return row.card.known.get(row.seq);
  return row.turn && (row.k === undefined ? row.turn.list[0] : row.turn.shown[row.k]);
}

// The key of the row that shows an event of a turn.
export function rowOf(turn, n) {
  if (n <= 1) return "t" + turn.turn;
  let event = turn.list[n - 1];
  if (event && event.kind === "call.result")
    event = turn.list.find((one) => one && one.kind === "call.allowed" && one.brief.call === event.brief.call) || event;
  const k = turn.shown.indexOf(event);
  return k < 0 ? "t" + turn.turn : `t${turn.turn}.${k}`;
}

// layout.js: how high a tile is, before it is drawn: a list of thousands knows where each one stands. The figures
// are those of board.css.

const FRAME = 22, // border and padding, above and below
  HEAD = 20,
  TITLE = [3, 18], // margin; each of at most two lines
  SAY = 32,
  WHY = [18, 16], // margin and padding; each of at most two lines
  META = 24,
  GAP = 8;

const pen = document.createElement("canvas").getContext("2d"),
  widths = new Map();

function widthOf(text, font) {
  const name = font + text;
  if (!widths.has(name)) {
    if (widths.size > 20000) widths.clear();
    pen.font = `${font} ${getComputedStyle(document.body).fontFamily}`;
    widths.set(name, pen.measureText(text).width);
  }
  return widths.get(name);
}

// One line or two: more is cut off.
export const linesOf = (text, font, width) => (widthOf(text, font) > width ? 2 : 1);

export const TITLE_FONT = "500 13px",
  WHY_FONT = "400 12px";

// parts: {title, why?, says, meta} of a tile that is `width` pixels wide.
export function heightOf({ title, why, says, meta }, width) {
  const inner = width - 24;
  let height = FRAME + HEAD + TITLE[0] + TITLE[1] * linesOf(title, TITLE_FONT, inner);
  if (why) height += WHY[0] + WHY[1] * linesOf(why, WHY_FONT, inner - 16);
  else if (says) height += SAY;
  return height + (meta ? META : 0);
}

// Where each tile of a column ends, in pixels from its top.
export function endsOf(heights) {
  const ends = new Float64Array(heights.length);
  let y = 0;
  heights.forEach((height, i) => {
    y += height + GAP;
    ends[i] = y;
  });
  return ends;
}

// visible.js: text that agents wrote, as a person judges it: nothing in it is hidden or turns what stands around it.
// The rules are those of the inbox (lua/orket/view/format/text.lua `visible`), but that lines and tabs stay.

const HIDDEN = new RegExp(
  "[\\0-\\x08\\x0b-\\x1f\\x7f-\\xa0\\xad\\u034f\\u061c\\u115f\\u1160\\u1680\\u17b4\\u17b5\\u180b-\\u180f\\u2000-\\u200f" +
    "\\u2028-\\u202f\\u205f-\\u206f\\u2800\\u3000\\u3164\\ud800-\\uf8ff\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb" +
    "\\u{110bd}\\u{110cd}\\u{13430}-\\u{1343f}\\u{16fe4}\\u{1bca0}-\\u{1bca3}\\u{1d159}\\u{1d173}-\\u{1d17a}" +
    "\\u{e0000}-\\u{10ffff}]",
  "gu",
);

function spelled(character) {
  const code = character.codePointAt(0);
  if (code < 32) return String.fromCharCode(0x2400 + code); // its picture
  return `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
}

// What is no text stays what it is.
export const visible = (text) => (typeof text === "string" ? text.replace(HIDDEN, spelled) : text);

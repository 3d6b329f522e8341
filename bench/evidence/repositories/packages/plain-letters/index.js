// Letters without their marks.
export function plain(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "");
}

// wish.js: the key of what a person sends: it stays as long as the same is wanted, so that another try after an answer
// that was lost does nothing a second time.

import { useRef } from "preact/hooks";
import { nonce } from "./api.js";

// {key(body): the Idempotency-Key to send it with, fulfilled(): the next one is another wish}
export function useWish() {
  const now = useRef({});
  const key = (body) => {
    const text = JSON.stringify(body);
    if (now.current.text !== text) now.current = { text, key: nonce() };
    return now.current.key;
  };
  const fulfilled = () => {
    now.current = {};
  };
  return { key, fulfilled };
}

// idempotency.js: the Idempotency-Key of what a person sends: it stays as long as the body does, so that another try
// after an answer that was lost does nothing a second time.

import { useRef } from "preact/hooks";
import { nonce } from "./api.js";

// {key(body): the key to send it with, answered(): the same body is a new request from now on}
export function useIdempotencyKey() {
  const now = useRef({});
  const key = (body) => {
    const text = JSON.stringify(body);
    if (now.current.text !== text) now.current = { text, key: nonce() };
    return now.current.key;
  };
  const answered = () => {
    now.current = {};
  };
  return { key, answered };
}

// login.jsx: the key is asked for, tried, and kept as long as the tab is open.

import { useState } from "preact/hooks";
import { key, tried } from "../shared/api.js";
import { Failure, useAct } from "../shared/feedback.jsx";
import { Icon, Sprite } from "../shared/icons.jsx";

export function Login({ entered }) {
  const [text, set] = useState("");
  const act = useAct();
  const send = async (e) => {
    e.preventDefault();
    const given = text.trim();
    if (await act.run(() => tried(given))) {
      key.set(given);
      entered();
    }
  };
  const wrong =
    act.error && act.error.status === 401
      ? {
          message: "This key is not the server's.",
          code: act.error.code,
          id: act.error.id,
          fix: "It was printed by the first orket serve. orket serve --new-key makes another one.",
        }
      : act.error;
  return (
    <main class="login">
      <Sprite />
      <form onSubmit={send}>
        <h1 class="row">
          <span class="logo">
            <Icon name="logo" />
          </span>
          Orket
        </h1>
        <label for="key">Administrator's key</label>
        <input
          class="txt"
          id="key"
          type="password"
          autoComplete="current-password"
          autofocus
          required
          value={text}
          onInput={(e) => set(e.target.value)}
        />
        {wrong && <Failure error={wrong} />}
        <button class="btn p" disabled={act.busy}>
          {act.busy ? "Signing in" : "Sign in"}
        </button>
        <p class="s m">This tab keeps the key until it is closed or you sign out.</p>
      </form>
    </main>
  );
}

// login.jsx: name and password, or a key alone: tried, and kept as long as the tab is open.

import { useState } from "preact/hooks";
import { key, signIn, tried } from "../shared/api.js";
import { Failure, Field, useAct } from "../shared/feedback.jsx";
import { Icon, Sprite } from "../shared/icons.jsx";

const WRONG_KEY = {
  message: "This key is not the server's.",
  fix: "The administrator's was printed by the first orket serve; orket serve --new-key makes another one.",
};

const WRONG_PASSWORD = {
  message: "The name or the password is wrong.",
  fix: "An administrator can set another password: orket user password NAME.",
};

async function withKey(text) {
  await tried(text);
  key.set(text);
  return true;
}

// why: what signed the person out, when that was not themselves.
export function Login({ why, entered }) {
  const [name, setName] = useState("");
  const [text, setText] = useState("");
  const act = useAct();
  const user = name.trim();
  const send = async (e) => {
    e.preventDefault();
    if (await act.run(() => (user ? signIn(user, text) : withKey(text.trim())))) entered();
  };
  const wrong =
    act.error && act.error.status === 401
      ? { ...(user ? WRONG_PASSWORD : WRONG_KEY), code: act.error.code, id: act.error.id }
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
        {why && <p role="status">{why}</p>}
        <Field id="name" title="Name" autoComplete="username" autofocus value={name} set={setName} />
        <Field
          id="key"
          title={user ? "Password" : "Password, or a key without a name"}
          type="password"
          autoComplete="current-password"
          required
          value={text}
          set={setText}
        />
        {wrong && <Failure error={wrong} />}
        <button class="btn p" disabled={act.busy}>
          {act.busy ? "Signing in" : "Sign in"}
        </button>
        <p class="s m">This tab stays signed in until it is closed or you sign out; with a password 12 hours at most.</p>
      </form>
    </main>
  );
}

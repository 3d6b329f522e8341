// profile.jsx: who is signed in; colours, keys, the password.

import { useState } from "preact/hooks";
import { post } from "../shared/api.js";
import { Failure, useAct } from "../shared/feedback.jsx";
import { whoAmI } from "../shared/me.js";
import { keysOff, switchKeys } from "../shell/keys.jsx";
import { switchTheme } from "../shell/theme.js";

function Password() {
  const [old, setOld] = useState(""),
    [next, setNext] = useState(""),
    act = useAct();
  const send = (e) => {
    e.preventDefault();
    act.run(() => post("/v1/me/password", { password: old, new_password: next }));
  };
  return (
    <section>
      <h2>Password</h2>
      <form class="narrow" onSubmit={send}>
        <label class="field">
          The one you have
          <input
            class="txt"
            type="password"
            autoComplete="current-password"
            required
            value={old}
            onInput={(e) => setOld(e.target.value)}
          />
        </label>
        <label class="field">
          The new one
          <input
            class="txt"
            type="password"
            autoComplete="new-password"
            required
            value={next}
            onInput={(e) => setNext(e.target.value)}
          />
        </label>
        {act.error && <Failure error={act.error} />}
        {act.done && <p role="status">Changed. All your sessions end; sign in again.</p>}
        <button class="btn p" disabled={act.busy}>
          Change password
        </button>
      </form>
    </section>
  );
}

export function Profile() {
  const me = whoAmI(),
    [off, set] = useState(keysOff());
  return (
    <>
      <section>
        <h2>{me.name}</h2>
        <p class="m">
          {me.role && `Role ${me.role}. `}You may: {me.permissions.join(", ")}.
        </p>
      </section>
      <section>
        <h2>This browser</h2>
        <p>
          <button class="btn" onClick={switchTheme}>
            Switch colour theme
          </button>
        </p>
        <label class="row">
          <input
            type="checkbox"
            checked={!off}
            onChange={() => {
              switchKeys();
              set(keysOff());
            }}
          />
          Single keys do something (? lists them)
        </label>
      </section>
      {me.kind === "user" && <Password />}
    </>
  );
}

// profile.jsx: who is signed in; colours, keys, notifications, the password.

import { useState } from "preact/hooks";
import { post } from "../shared/api.js";
import { Failure, Field, useAct } from "../shared/feedback.jsx";
import { whoAmI } from "../shared/me.js";
import { keysOff, switchKeys } from "../shell/keys.jsx";
import { notifierState, switchNotifier } from "../shell/notifier.js";
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
        <Field
          title="The one you have"
          value={old}
          set={setOld}
          type="password"
          required
          autoComplete="current-password"
        />
        <Field title="The new one" value={next} set={setNext} type="password" required autoComplete="new-password" />
        {act.error && <Failure error={act.error} />}
        {act.done && <p role="status">Changed. All your sessions end; sign in again.</p>}
        <button class="btn p" disabled={act.busy}>
          Change password
        </button>
      </form>
    </section>
  );
}

const NO_NOTICES = {
  denied:
    "This browser blocks them here. Allow notifications in its settings of this site, then load the page again. " +
    "Without HTTPS they are possible on this machine (localhost) only.",
  absent: "This browser has none.",
};

function Notices() {
  const [state, set] = useState(notifierState()),
    why = NO_NOTICES[state];
  const change = async ({ currentTarget: box }) => {
    await switchNotifier();
    box.checked = notifierState() === "on"; // also when the browser's question was dismissed
    set(notifierState());
  };
  return (
    <>
      <label class="row">
        <input type="checkbox" checked={state === "on"} disabled={!!why} onChange={change} />
        Notify me in this browser when something new waits for me or a run ended, and the page is out of sight
      </label>
      {why && <p class="s m">{why}</p>}
    </>
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
        <Notices />
      </section>
      {me.kind === "user" && <Password />}
    </>
  );
}

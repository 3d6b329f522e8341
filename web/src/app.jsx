// app.jsx: who is signed in, and which view a URL names.

import { useEffect, useState } from "preact/hooks";
import { Board } from "./board/board.jsx";
import { Card } from "./card/card.jsx";
import { Costs } from "./costs/costs.jsx";
import { Inbox } from "./inbox/inbox.jsx";
import { Plans } from "./plans/plans.jsx";
import { RefusalsView } from "./refusals/refusals.jsx";
import { Runs } from "./runs/runs.jsx";
import { Scripts } from "./scripts/scripts.jsx";
import { id, key, signOut, whenDenied } from "./shared/api.js";
import { Empty, Failure } from "./shared/feedback.jsx";
import { connect, disconnect, useData } from "./shared/live.js";
import { setMe } from "./shared/me.js";
import { go, useUrl } from "./shared/router.js";
import { Login } from "./shell/login.jsx";
import { Settings } from "./settings/settings.jsx";
import { Shell } from "./shell/shell.jsx";

function View({ base, parts, query, shared }) {
  const [, , view, name, ...more] = parts;
  if (view === "board") return <Board base={base} query={query} shared={shared} />;
  if (view === "cards" && name)
    return <Card key={name} base={base} name={name} query={query} shared={shared} />;
  if (view === "inbox") return <Inbox base={base} kind={name} name={more[0]} query={query} shared={shared} />;
  if (view === "plans" || view === "chat")
    return <Plans base={base} view={view} name={name} query={query} shared={shared} />;
  if (view === "refusals") return <RefusalsView base={base} query={query} />;
  if (view === "scripts") return <Scripts base={base} shared={shared} />;
  if (view === "settings") return <Settings base={base} name={name} />;
  if (view === "costs") return <Costs base={base} query={query} shared={shared} />;
  if (view === "runs") return <Runs base={base} name={name} more={more} query={query} shared={shared} />;
  return (
    <>
      <div class="bar">
        <h1>Not found</h1>
      </div>
      <Empty>
        There is no such page.{" "}
        <a class="link" href={`${base}/board`}>
          Open the board
        </a>
      </Empty>
    </>
  );
}

const Unknown = ({ name, names }) => (
  <main>
    <div class="bar">
      <h1>Another project</h1>
    </div>
    <Empty>
      This server has no project {name}. It serves{" "}
      {names.map((one) => (
        <a class="link" href={`/w/${id(one)}/board`}>
          {one}
        </a>
      ))}
    </Empty>
  </main>
);

function Project({ name, names, leave }) {
  const me = useData("/v1/me", () => false);
  useEffect(() => {
    connect();
    return disconnect;
  }, []);
  if (!me.data)
    return <main class="login">{me.error && <Failure error={me.error} again={me.reload} />}</main>;
  setMe(me.data);
  return <Shell name={name} names={names} leave={leave} View={View} />;
}

function SignedIn({ leave }) {
  const known = useData("/v1/workspaces", () => false);
  const [first, name] = useUrl().parts;
  if (!known.data)
    return <main class="login">{known.error && <Failure error={known.error} again={known.reload} />}</main>;
  const names = known.data.items.map((one) => one.name);
  if (first !== "w") go(`/w/${id(names[0])}/board`, true);
  else if (!names.includes(name)) return <Unknown name={name} names={names} />;
  else return <Project key={name} name={name} names={names} leave={leave} />;
}

export function App() {
  const [has, set] = useState(!!key.get()),
    [why, setWhy] = useState("");
  const left = (reason) => {
    key.drop();
    disconnect();
    setWhy(reason);
    set(false);
  };
  const leave = () => {
    signOut();
    sessionStorage.clear(); // also what was typed and not sent
    left("");
  };
  whenDenied(() => left("You were signed out: the session ended, or the key is no longer good."));
  return has ? <SignedIn leave={leave} /> : <Login why={why} entered={() => set(true)} />;
}

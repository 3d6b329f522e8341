// app.jsx: who is signed in, and which view a URL names.

import { useEffect, useState } from "preact/hooks";
import { Board } from "./board/board.jsx";
import { Card } from "./card/card.jsx";
import { Inbox } from "./inbox/inbox.jsx";
import { Runs } from "./runs/runs.jsx";
import { key, whenDenied } from "./shared/api.js";
import { Empty, Failure } from "./shared/feedback.jsx";
import { connect, disconnect, useData } from "./shared/live.js";
import { Login } from "./shell/login.jsx";
import { Shell } from "./shell/shell.jsx";

function View({ base, parts, query, shared }) {
  const [, , view, name, more] = parts;
  if (view === "board") return <Board base={base} query={query} shared={shared} />;
  if (view === "cards" && name)
    return <Card key={name} base={base} name={name} query={query} shared={shared} />;
  if (view === "inbox") return <Inbox base={base} kind={name} name={more} query={query} shared={shared} />;
  if (view === "runs") return <Runs base={base} name={name} shared={shared} />;
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

function SignedIn({ leave }) {
  const project = useData("/v1/version", () => false);
  useEffect(() => {
    connect();
    return disconnect;
  }, []);
  if (!project.data)
    return (
      <main class="login">{project.error && <Failure error={project.error} again={project.reload} />}</main>
    );
  return <Shell project={project.data} leave={leave} View={View} />;
}

export function App() {
  const [has, set] = useState(!!key.get());
  const end = () => {
    key.drop();
    disconnect();
    set(false);
  };
  const leave = () => {
    sessionStorage.clear(); // also what was typed and not sent
    end();
  };
  whenDenied(end);
  return has ? <SignedIn leave={leave} /> : <Login entered={() => set(true)} />;
}

// plans.jsx: plans and conversations: the list, and one of them.

import { useDataAt } from "../past/past.jsx";
import { Empty, Loaded } from "../shared/feedback.jsx";
import { When } from "../shared/format.jsx";
import { Icon } from "../shared/icons.jsx";
import { may } from "../shared/me.js";
import { setQuery } from "../shared/router.js";
import { AskDialog } from "./ask_dialog.jsx";
import { ChatView } from "./chat_view.jsx";
import { PlanView } from "./plan_view.jsx";
import "./plans.css";
import { hrefOfTalk, isOfTalks, isWaiting, rowsOf, statusOf } from "./talks.js";

// ---- the list ----

function Row({ row, base, chosen }) {
  const [status, colour, icon] = statusOf(row.status);
  return (
    <li>
      <a class="item" data-item href={hrefOfTalk(base, row)} aria-current={chosen ? "true" : undefined}>
        <span class={"c-" + colour}>
          <Icon name={icon} />
        </span>
        <span class="grow">
          <span class="b clamp">{row.name}</span>
          <span class="s m ell">
            {status}, <When at={row.updated_at} />
          </span>
          <span class="s f ell">
            {row.view === "plans" ? "Plan" : "Conversation"} {row.id}
          </span>
        </span>
      </a>
    </li>
  );
}

const Group = ({ title, rows, base, name }) =>
  rows.length > 0 && (
    <section>
      <h2>{title}</h2>
      <ul>
        {rows.map((row) => (
          <Row key={row.id} row={row} base={base} chosen={row.id === name} />
        ))}
      </ul>
    </section>
  );

function List({ rows, base, name }) {
  return (
    <div class="list" tabIndex={0} role="region" aria-label="Plans and conversations">
      <Group title="Needs you" rows={rows.filter(isWaiting)} base={base} name={name} />
      <Group
        title="Plans and conversations"
        rows={rows.filter((row) => !isWaiting(row))}
        base={base}
        name={name}
      />
    </div>
  );
}

// Both lists as one.
function useTalks(at) {
  const plans = useDataAt("/v1/plans", at, isOfTalks),
    chats = useDataAt("/v1/conversations", at, isOfTalks);
  return {
    data: plans.data && chats.data && rowsOf(plans.data.items, chats.data.items),
    error: plans.error || chats.error,
    reload: () => [plans, chats].forEach((one) => one.reload()),
  };
}

// ---- the bar ----

const begin = (kind) => setQuery("new", kind);

const Begin = ({ primary }) => (
  <>
    <button class="btn" onClick={() => begin("chat")}>
      New conversation
    </button>
    <button class={"btn" + (primary ? " p" : "")} onClick={() => begin("plan")}>
      Plan something
    </button>
  </>
);

const Nothing = ({ mayBegin }) => (
  <Empty>
    No plans and no conversations yet.{" "}
    {mayBegin ? "Say what you want, and agents propose the cards for it." : ""}
  </Empty>
);

export function Plans({ base, view, name, query, shared }) {
  const at = shared.at,
    talks = useTalks(at),
    mayBegin = !at && may("act"),
    wanted = mayBegin && ["plan", "chat"].find((kind) => kind === query.get("new")),
    items = shared.inbox.data ? shared.inbox.data.items : [];
  const One = view === "chat" ? ChatView : PlanView;
  return (
    <>
      <div class="bar">
        {name && (
          <a class="btn g q only-s" href={`${base}/plans`} aria-label="Back to plans and chat">
            <Icon name="back" />
          </a>
        )}
        <h1>Plans and chat</h1>
        <span class="grow" />
        {mayBegin && (
          <span class={"row" + (name ? " no-s" : "")}>
            <Begin primary={!name} />
          </span>
        )}
      </div>
      <div class={"mail" + (name ? " open" : "")}>
        <Loaded of={talks}>
          {(rows) =>
            rows.length === 0 && !name ? (
              <Nothing mayBegin={mayBegin} />
            ) : (
              <List rows={rows} base={base} name={name} />
            )
          }
        </Loaded>
        {name && <One key={name} base={base} name={name} items={items} at={at} />}
        {!name && talks.data && talks.data.length > 0 && (
          <section class="ask no-s">
            <Empty>Choose a plan or a conversation.</Empty>
          </section>
        )}
      </div>
      {wanted && <AskDialog kind={wanted} base={base} close={() => setQuery("new", "")} />}
    </>
  );
}

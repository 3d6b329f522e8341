// chat_view.jsx: one conversation: what was said, what the seat says at this moment, and what the person says next.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { DraftText } from "../card/transcript.jsx";
import { Outcome } from "../inbox/detail.jsx";
import { hrefOf } from "../inbox/items.jsx";
import { useDataAt } from "../past/past.jsx";
import { id, post } from "../shared/api.js";
import { Loaded, useAct } from "../shared/feedback.jsx";
import { When } from "../shared/format.jsx";
import { Icon } from "../shared/icons.jsx";
import { useUnsent } from "../shared/unsent.js";
import { useDraft, useOnline } from "../shared/live.js";
import { may } from "../shared/me.js";
import { Seat } from "../shared/status.jsx";
import { useIdempotencyKey } from "../shared/idempotency.js";
import { RunActs, TalkHead } from "./talk_parts.jsx";
import { chatStatus } from "./talks.js";
import { visible } from "../shared/visible.js";

// ---- the thread ----

const HUMAN = /^human:/;
const nameOf = (author) => author.replace(/^(human|agent):/, "");

const Said = ({ one }) => {
  const isPerson = HUMAN.test(one.author),
    name = nameOf(one.author);
  return (
    <li class={"said" + (isPerson ? " own" : "")}>
      {!isPerson && <Seat name={name} />}
      <div class="words">
        <div class="s m">
          {name}, <When at={one.at} />
        </div>
        <div class="wrap">{visible(one.text)}</div>
      </div>
    </li>
  );
};

function Live({ card }) {
  const draft = useDraft(card);
  return (
    <div class="said" aria-live="off">
      <span class="c-blue">
        <Icon name="model" />
      </span>
      <div class="words">
        {draft ? <DraftText draft={draft} /> : <span class="m">Reads and thinks</span>}
      </div>
    </div>
  );
}

// At the end it stays at the end, as more is said; further up the position holds.
function useEnd(what) {
  const scroller = useRef(),
    [isAtEnd, set] = useState(true);
  const show = () => {
    scroller.current.scrollTop = scroller.current.scrollHeight;
  };
  const look = () => {
    const node = scroller.current;
    set(node.scrollHeight - node.scrollTop - node.clientHeight < 40);
  };
  useLayoutEffect(() => {
    if (isAtEnd) show();
  }, [what]);
  return { scroller, isAtEnd, show, look };
}

// ---- what a person can do ----

function Write({ talk, isOpen }) {
  const [text, set, drop] = useUnsent("talk." + talk.id),
    act = useAct(),
    online = useOnline(),
    request = useIdempotencyKey();
  const off = act.busy || !online,
    words = text.trim();
  const send = async (e) => {
    e.preventDefault();
    if (off || !words) return;
    const body = { text: words };
    const said = await act.run(() => post(`/v1/conversations/${id(talk.id)}`, body, request.key(body)));
    if (!said) return;
    request.answered();
    drop();
    act.clear();
  };
  const press = (e) => {
    if (e.key === "Enter" && !e.shiftKey && !e.isComposing) send(e);
  };
  return (
    <form class="act" onSubmit={send}>
      <label class="grow">
        <span class="sr">Say something</span>
        <textarea
          class="txt"
          rows="2"
          data-key="c"
          maxLength="20000"
          readOnly={act.busy}
          placeholder="Say something; Enter sends, Shift Enter begins a line"
          value={text}
          onInput={(e) => set(e.target.value)}
          onKeyDown={press}
        />
      </label>
      <RunActs run={talk.run} isOpen={isOpen} act={act} off={off} />
      <button class="btn p" disabled={off || !words}>
        Send
      </button>
      <Outcome act={{ error: act.error }} online={online} />
    </form>
  );
}

const Waits = ({ item, question, why, base }) => (
  <div class="box amber row">
    <span class="grow wrap">
      {question ? "It proposes a change, and waits for a decision." : "It stopped without an answer: " + why}
    </span>
    {item && (
      <a class="btn p" data-key="a" href={hrefOf(base, item)}>
        {question ? "Review" : "Answer"}
      </a>
    )}
  </div>
);

// ---- the whole ----

function Chat({ talk, item, base, at }) {
  const draft = useDraft(talk.card),
    status = chatStatus(talk),
    isAtWork = status === "open";
  const end = useEnd(`${talk.said.length} ${isAtWork} ${draft ? draft.text : ""}`);
  return (
    <section class="ask" aria-label={"Conversation " + talk.id}>
      <div
        class="in"
        ref={end.scroller}
        onScroll={end.look}
        tabIndex={0}
        role="group"
        aria-label="What was said"
      >
        <TalkHead status={status} row={talk} base={base} />
        <h2 class="sr">Conversation {talk.id}</h2>
        <ol class="thread">
          {talk.said.map((one) => (
            <Said key={one.seq} one={one} />
          ))}
        </ol>
        {isAtWork && !at && <Live card={talk.card} />}
        {(talk.question || talk.why) && (
          <Waits item={!at && item} question={talk.question} why={talk.why} base={base} />
        )}
      </div>
      {!end.isAtEnd && (
        <button class="btn to-end" data-key="l" onClick={end.show}>
          To the end
        </button>
      )}
      {!at && may("act") && !talk.question && <Write talk={talk} isOpen={isAtWork || status === "stopped"} />}
    </section>
  );
}

export function ChatView({ base, name, items, at }) {
  const card = name + "-talk",
    talk = useDataAt(`/v1/conversations/${id(name)}`, at, (event) => event.card === card || event.card === name);
  return (
    <Loaded of={talk}>
      {(data) => <Chat talk={data} item={items.find((one) => one.card === card)} base={base} at={at} />}
    </Loaded>
  );
}

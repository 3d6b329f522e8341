// talk_link.jsx: from a card of a plan or a conversation, PLAN-1-draft or CHAT-1-talk, to its page.

const CARD = /^(?:(PLAN-\d+)-draft|(CHAT-\d+)-talk)$/;

export function TalkLink({ card, base, style }) {
  const [, plan, chat] = CARD.exec(card || "") || [];
  if (!plan && !chat) return null;
  return (
    <a class={style || "link"} href={plan ? `${base}/plans/${plan}` : `${base}/chat/${chat}`}>
      {plan ? "Open the plan" : "Open the conversation"}
    </a>
  );
}

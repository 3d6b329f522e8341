// comments.jsx: what people and agents say on a card.

import { post } from "../shared/api.js";
import { Failure, useAct } from "../shared/feedback.jsx";
import { When } from "../shared/format.jsx";
import { useUnsent } from "../shared/unsent.js";
import { useOnline } from "../shared/live.js";
import { visible } from "../shared/visible.js";

function Write({ card }) {
  const [text, set, drop] = useUnsent("comment." + card.id),
    act = useAct(),
    online = useOnline();
  const send = async (e) => {
    e.preventDefault();
    if (await act.run(() => post("/v1/acts/comment", { card: card.id, text: text.trim() }))) drop();
  };
  return (
    <form onSubmit={send}>
      <label>
        <span class="sr">Comment</span>
        <textarea
          class="txt"
          rows="2"
          data-key="c"
          placeholder="Comment; agents read it in their next turn"
          value={text}
          onInput={(e) => set(e.target.value)}
        />
      </label>
      {act.error && <Failure error={act.error} />}
      <div class="acts">
        <button class="btn" disabled={act.busy || !text.trim() || !online}>
          Comment
        </button>
      </div>
    </form>
  );
}

export const Comments = ({ card, readOnly }) => (
  <section class="comments" aria-label="Comments">
    <h2>Comments</h2>
    {card.comments.map((one, i) => (
      <div key={i} class="comment">
        <div class="s m">
          {one.author}, <When at={one.at} />
        </div>
        <p class="wrap">{visible(one.text)}</p>
      </div>
    ))}
    {!readOnly && <Write card={card} />}
  </section>
);

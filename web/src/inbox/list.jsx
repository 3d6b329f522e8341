// list.jsx: what waits, by kind; approvals by the same rule can be chosen together.

import { Empty } from "../shared/feedback.jsx";
import { left } from "../shared/format.jsx";
import { Icon } from "../shared/icons.jsx";
import { groupOf, headline, hrefOf, KINDS, mayAnswer, subline } from "./items.jsx";

// Can an item be chosen beside those that are?
export const mayJoin = (item, batch) =>
  item.kind === "approval" && (batch.length === 0 || batch[0].rule === item.rule);

// Those that can be answered together with this one, and itself.
export const peersOf = (item, items) => items.filter((one) => mayJoin(one, [item]) && mayAnswer(one));

function Choose({ item, batch, toggle }) {
  const title = `Select ${headline(item)} for a batch`;
  return (
    <input
      type="checkbox"
      aria-label={title}
      title={mayJoin(item, batch) ? title : "A batch has approvals by the same rule only"}
      checked={batch.includes(item)}
      disabled={!mayJoin(item, batch)}
      onChange={() => toggle(item)}
    />
  );
}

const Item = ({ item, base, chosen, icon, batch, toggle, several }) => (
  <li class="item-row">
    <a
      class="item"
      data-item
      data-inbox={item.id}
      href={hrefOf(base, item)}
      aria-current={item === chosen ? "true" : undefined}
    >
      <span class="c-amber">
        <Icon name={icon} />
      </span>
      <span class="grow">
        <span class="b clamp">{headline(item)}</span>
        <span class="s m ell">{subline({ ...item, expires_at: null })}</span>
        {item.expires_at && <span class="s f ell">{left(item.expires_at)}</span>}
      </span>
    </a>
    {several && <Choose item={item} batch={batch} toggle={toggle} />}
  </li>
);

const working = (n) => `Agents work on ${n} ${n === 1 ? "card" : "cards"}.`;

export function List({ items, base, chosen, batch, toggle, busy }) {
  return (
    <div class="list" tabIndex={0} role="region" aria-label="What waits">
      {KINDS.map(({ kind, title, icon }) => {
        const some = items.filter((item) => groupOf(item) === kind);
        return (
          some.length > 0 && (
            <section key={kind}>
              <h2>{title}</h2>
              <ul>
                {some.map((item) => (
                  <Item
                    key={item.id}
                    {...{ item, base, chosen, icon, batch, toggle }}
                    several={mayAnswer(item) && peersOf(item, items).length > 1}
                  />
                ))}
              </ul>
            </section>
          )
        );
      })}
      {items.length === 0 ? (
        <Empty>Nothing needs you. {working(busy)}</Empty>
      ) : (
        <p class="s f rest">Nothing else needs you. {working(busy)}</p>
      )}
    </div>
  );
}

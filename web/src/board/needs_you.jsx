// needs_you.jsx: what waits for a person, above the board.

import { headline, hrefOf, kindOf, subline } from "../inbox/items.jsx";
import { Icon } from "../shared/icons.jsx";

const MOST = 6;

const Item = ({ item, base }) => (
  <a href={hrefOf(base, item)}>
    <span class="c-amber">
      <Icon name={kindOf(item.kind).icon} />
    </span>
    <span class="grow">
      <span class="b ell" title={headline(item)}>
        {headline(item)}
      </span>
      <span class="s m ell">{subline(item)}</span>
    </span>
  </a>
);

export function NeedsYou({ items, base }) {
  if (items.length === 0) return null;
  return (
    <section class="need" aria-label="Needs you" tabIndex={0}>
      {items.slice(0, MOST).map((item) => (
        <Item key={item.kind + item.id} item={item} base={base} />
      ))}
      {items.length > MOST && (
        <a class="more" href={`${base}/inbox`}>
          {items.length - MOST} more in the inbox
        </a>
      )}
    </section>
  );
}

// table.jsx: a table that scrolls by itself where it is wider than the page.

// heads: [title, class] of each column, or its title; rows: the children. The last column of acts has the title "Acts",
// which is heard and not seen.
export const Table = ({ label, heads, children }) => (
  <div class="table" tabIndex={0} role="region" aria-label={label}>
    <table>
      <thead>
        <tr>
          {heads.map((head) => {
            const [title, name] = [].concat(head);
            return (
              <th key={title} class={name}>
                {title === "Acts" ? <span class="sr">Acts</span> : title}
              </th>
            );
          })}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  </div>
);

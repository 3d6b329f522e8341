// refusals.jsx: all that was refused or needed approval, by rule.

import { RefusalItem } from "../card/refusal_list.jsx";
import { id } from "../shared/api.js";
import { Empty, Loaded } from "../shared/feedback.jsx";
import { useData } from "../shared/live.js";
import { setQuery } from "../shared/router.js";

const REPORTS =
  /^(call\.refused|operation\.refused|approval\.asked|turn\.looped|budget\.reached|window\.full)$/;
const matters = (event) => REPORTS.test(event.kind);

const FIELDS = ["card", "run", "rule"];
const filterOf = (query, names) =>
  names
    .filter((name) => query.get(name))
    .map((name) => `&${name}=${id(query.get(name))}`)
    .join("");

// The rules that objected, the most often first: what is chosen narrows the list beside them.
function Rules({ query }) {
  const rules = useData(
    ("/v1/refusals?" + filterOf(query, ["card", "run"]).slice(1)).replace(/\?$/, ""),
    matters,
  );
  return (
    <Loaded of={rules}>
      {({ items }) => (
        <ul>
          {items.map((row) => (
            <li key={row.rule + row.decision}>
              <button
                class="item rule"
                aria-pressed={query.get("rule") === row.rule}
                onClick={() => setQuery("rule", query.get("rule") === row.rule ? "" : row.rule)}
              >
                <span class="mono grow wrap">{row.rule}</span>
                <span class="num m">
                  {row.reports} {row.decision === "ask" ? "asked" : "refused"}
                </span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </Loaded>
  );
}

const Filters = ({ query }) =>
  FIELDS.filter((name) => query.get(name)).map((name) => (
    <button
      key={name}
      class="pill"
      onClick={() => setQuery(name, "")}
      aria-label={`Clear ${name} ${query.get(name)}`}
    >
      {name}: {query.get(name)} ×
    </button>
  ));

export function RefusalsView({ base, query }) {
  const reports = useData("/v1/reports?limit=100" + filterOf(query, FIELDS), matters);
  return (
    <>
      <div class="bar">
        <h1>Refusals</h1>
        <span class="grow" />
        <Filters query={query} />
      </div>
      <div class="mail refusals-view">
        <div class="list" tabIndex={0} role="region" aria-label="Rules">
          <h2>By rule</h2>
          <Rules query={query} />
        </div>
        <div class="scroll pad" tabIndex={0} role="region" aria-label="Refusals">
          <Loaded of={reports}>
            {({ items, next }) =>
              items.length === 0 ? (
                <Empty>Nothing was refused.</Empty>
              ) : (
                <>
                  {items.map((report) => (
                    <RefusalItem key={report.event} report={report} base={base} card />
                  ))}
                  {next && <p class="s m">The newest 100. Choose a rule, or open a card, for older ones.</p>}
                </>
              )
            }
          </Loaded>
        </div>
      </div>
    </>
  );
}

// models.jsx: the models of the project, what they cost, and whether one answers.

import { id, post } from "../shared/api.js";
import { Empty, Failure, Loaded, useAct } from "../shared/feedback.jsx";
import { Icon } from "../shared/icons.jsx";
import { useData, useOnline } from "../shared/live.js";
import { may } from "../shared/me.js";

const per = (price) => (price / 1e6).toFixed(2);
const priceOf = (price) => (price ? `${per(price.input)} in, ${per(price.output)} out` : "no price");

const Checks = ({ checks }) => (
  <ul>
    {checks.map((row) => (
      <li key={row.check} class="row">
        <span class={row.outcome === "ok" ? "c-teal" : "c-red"}>
          <Icon name={row.outcome === "ok" ? "done" : "refused"} />
        </span>
        {row.check}: {row.outcome} {row.message && <span class="m wrap">{row.message}</span>}
      </li>
    ))}
  </ul>
);

function Model({ model }) {
  const act = useAct(),
    off = act.busy || !useOnline();
  return (
    <div class="model">
      <div class="row">
        <h3 class="mono">{model.name}</h3>
        <span class="m grow wrap">
          {model.model} of {model.provider}
        </span>
        {may("act") && (
          <button
            class="btn"
            disabled={off}
            onClick={() => act.run(() => post(`/v1/models/${id(model.name)}/check`, {}))}
            title="Four small requests, billed as any"
          >
            {act.busy ? "Checking" : "Check"}
          </button>
        )}
      </div>
      <p class="s m wrap">
        {model.endpoint}. A million tokens: {priceOf(model.price)}. Seats:{" "}
        {(model.seats || []).join(", ") || "none"}
      </p>
      {model.outage && <p class="c-amber">{model.outage.message || "It does not answer."}</p>}
      {act.error && <Failure error={act.error} />}
      {act.done && <Checks checks={act.done.checks} />}
    </div>
  );
}

export function Models() {
  const models = useData("/v1/models", (event) => /^(config|model)\./.test(event.kind));
  return (
    <section>
      <h2>Models</h2>
      <Loaded of={models}>
        {(data) =>
          data.models.length === 0 ? (
            <Empty>No models are configured.</Empty>
          ) : (
            data.models.map((model) => <Model key={model.name} model={model} />)
          )
        }
      </Loaded>
    </section>
  );
}

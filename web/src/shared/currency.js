// currency.js: the organization's currency, in which amounts of runs are.

import { useOnce } from "./once.js";

export function useCurrency() {
  const budgets = useOnce("/v1/budgets");
  return budgets.data && budgets.data.currency;
}

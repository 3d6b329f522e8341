// costs.mjs: the costs view against what the service says (tests/spec/page_costs_spec.lua).

import { open, play, seen, signIn, violations, view } from "./browser.mjs";

const rowsOf = (page) =>
  page.locator("[data-sums] tbody tr, [data-sums] tfoot tr").evaluateAll((rows) =>
    rows.map((row) => ({
      name: row.querySelector("th").textContent,
      money: row.querySelector("[data-money], td:nth-last-child(2)").dataset.money || null,
      text: row.querySelector("td:nth-last-child(2)").textContent,
      calls: row.querySelector("td").textContent,
    })),
  );

await play({
  async sums() {
    const page = await open();
    await page.goto(view("costs?by=card"));
    await signIn(page);
    await page.waitForSelector("[data-sums]");
    seen.card = await rowsOf(page);
    for (const by of ["Role", "Model", "Day", "Run"]) {
      await page.click(`.seg >> text=${by}`);
      await page.waitForSelector(`h2:has-text("By ${by.toLowerCase()}")`);
      await page.waitForSelector(`caption:has-text("Costs by ${by.toLowerCase()}")`);
      seen[by.toLowerCase()] = await rowsOf(page);
    }
    seen.leftOut = await page.locator(".left-out").allTextContents();
    seen.url = new URL(page.url()).search;
    seen.bars = await page.locator(".bars .value").count();
    seen.bar = await page.locator(".bars title").first().textContent();
    await page.click(".bars summary");
    seen.table = await page.locator(".bars tbody tr").count();
    seen.success = await page.locator(".share-row").allTextContents();
    seen.caps = await page.locator("[aria-label=Caps] tbody tr").allTextContents();
    seen.violations = await violations(page);
    await page.goto(view("costs?to=2030-01-01"));
    await page.waitForSelector(".range option[value=own]", { state: "attached" });
    seen.range = await page.locator(".range select").evaluate((node) => node.selectedOptions[0].textContent);
    await page.selectOption(".range select", { label: "All time" });
    seen.all = new URL(page.url()).search;
    await page.goto(view("cards/A?tab=cost"));
    await page.waitForSelector("[aria-label=Requests] tbody tr");
    seen.requests = await page.locator("[aria-label=Requests] tbody tr td:last-child").allTextContents();
  },
});

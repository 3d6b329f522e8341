// cards.mjs: what the page says of cards and runs that are over (tests/spec/cards_page_spec.lua).

import { enter, key, play, seen, url, view } from "./browser.mjs";

const settled = (page) => page.waitForFunction(() => !document.querySelector("main [aria-busy=true]"));

async function look(page, path) {
  await page.goto(view(path));
  await page.waitForSelector("h1");
  await page.waitForTimeout(300);
  await settled(page);
  return page.innerText("main");
}

await play({
  // A path that turns what stands behind it, in each place that names it.
  async hidden() {
    const page = await enter("cards/A");
    await page.waitForSelector(".call");
    for (const summary of await page.locator(".turn summary").all()) await summary.click();
    seen.activity = await page.innerText(".two");
    await page.click("#tab-changes");
    await page.waitForSelector(".diff");
    seen.changes = await page.innerText(".two");
  },

  // A timeline that is left while it scrolls.
  async left() {
    const page = await enter("runs/ep.1");
    for (let i = 0; i < 20; i++) {
      await page.goto(view("runs/ep.1"));
      await page.waitForSelector("[role=treeitem]");
      await page.evaluate(async (to) => {
        const go = () => {
          history.pushState(null, "", to);
          dispatchEvent(new PopStateEvent("popstate"));
        };
        const tree = document.querySelector("[role=tree]");
        tree.style.height = "50px";
        tree.dispatchEvent(new Event("scroll"));
        requestAnimationFrame(go);
        await new Promise((done) => setTimeout(done, 30));
      }, view("board"));
    }
    seen.rounds = 20;
  },

  async parked() {
    const page = await enter("board");
    seen.board = await look(page, "board");
    seen.card = await look(page, "cards/A");
    seen.checks = await look(page, "cards/A?tab=checks");
  },

  async sums() {
    const page = await enter("runs");
    await fetch(`${url}/v1/runs`, {
      method: "POST",
      headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
      body: JSON.stringify({ card: "ep", again: true }),
    });
    await page.waitForFunction(() => document.querySelectorAll(".run .pill.teal").length === 2);
    seen.runs = await look(page, "runs");
    seen.run = await look(page, "runs/ep.1");
    const other = seen.runs.match(/ep-b2\.1|ep\.2/)[0];
    seen.compare = await look(page, `runs/ep.1/compare/${other}`);
    seen.epic = await look(page, "cards/" + other.replace(/\.\d+$/, ""));
    seen.tree = await look(page, "board?view=tree");
  },

  // What came out well is said so, everywhere; a changed script that waits breaks no view.
  async outcomes() {
    const page = await enter("cards/A?tab=checks");
    await page.waitForSelector(".check");
    seen.checks = await page.innerText(".check");
    const path = "/v1/runs/ep.1/events?limit=1000";
    const { items } = await page.evaluate(
      ([url, key]) => fetch(url, { headers: { Authorization: "Bearer " + key } }).then((reply) => reply.json()),
      [path, process.argv[4]],
    );
    const done = items.find((event) => event.kind === "verify.done");
    await page.goto(view(`runs/ep.1?event=${done.seq}`));
    await page.waitForSelector(".chain li");
    seen.event = await page.innerText(".det");
    await page.goto(view("scripts"));
    await page.waitForSelector("section:has(h2:has-text('Generations')) li");
    seen.scripts = await page.innerText("main");
    seen.heads = await page.locator("h1").count();
    await page.setViewportSize({ width: 800, height: 740 });
    await page.goto(view("board?view=tree"));
    await page.waitForSelector(".trow[data-card=A]");
    seen.name = await page.locator(".trow[data-card=A] .ell").nth(1).evaluate((name) => name.clientWidth);
    await page.goto(view("runs"));
    await page.waitForSelector(".run");
    seen.over = await page.evaluate(() => {
      const scroller = document.querySelector("main .scroll");
      return scroller.scrollWidth - scroller.clientWidth;
    });
  },

  async settled() {
    const page = await enter("inbox?state=answered");
    for (const width of [1280, 360]) {
      await page.setViewportSize({ width, height: 740 });
      await page.waitForSelector(".answered .pill");
      seen["over" + width] = await page.evaluate(() => {
        const [pill, about] = document.querySelector(".answered").children;
        const a = pill.getBoundingClientRect(),
          b = about.getBoundingClientRect();
        return a.right > b.left && a.bottom > b.top + 1;
      });
      seen["row" + width] = await page.innerText(".answered");
    }
    await page.setViewportSize({ width: 1280, height: 740 });
    seen.refusals = await look(page, "refusals");
    seen.boxes = await page.locator(".refusal .box").evaluateAll((all) => all.map((one) => one.className).sort());
  },

  // By keys from item to item of the inbox, and over the board.
  async keys() {
    const page = await enter("inbox");
    await page.waitForSelector(".item");
    const press = (key) => page.keyboard.press(key);
    const at = () => page.evaluate(() => document.activeElement.dataset.inbox || document.activeElement.dataset.card);
    const names = await page.locator(".item").evaluateAll((all) => all.map((one) => one.dataset.inbox));
    await press("j");
    await press("Enter");
    await page.waitForSelector(".item[aria-current=true]");
    await press("x");
    seen.chosen = await page.locator(".item-row input:checked").count();
    await press("x");
    await press("j");
    seen.second = (await at()) === names[1];
    await press("ArrowUp");
    seen.first = (await at()) === names[0];
    await page.goto(view("board"));
    await page.waitForSelector(".tile");
    await press("ArrowDown");
    seen.tile = await at();
  },

  async narrow() {
    const page = await enter("board?column=5", { viewport: { width: 360, height: 740 } });
    await page.waitForSelector(".chips button");
    await page.waitForTimeout(300);
    seen.columns = [];
    for (const chip of await page.locator(".chips button").all()) {
      await chip.click();
      await page.waitForTimeout(100);
      seen.columns.push(
        await chip.evaluate((node) => node.getBoundingClientRect().right <= innerWidth && node.ariaPressed === "true"),
      );
    }
    await page.goto(view("costs"));
    await page.waitForSelector(".costs tbody th.wrap");
    seen.cap = await page.locator(".costs tbody th.wrap").first().evaluate((node) => node.offsetWidth);
  },

  async points() {
    const page = await enter("board?at=abc");
    seen.word = await look(page, "board?at=abc");
    seen.zero = await look(page, "board?at=0");
    await page.goto(view("board"));
    await page.waitForSelector(".tile");
    await page.evaluate((to) => {
      history.pushState(null, "", to);
      dispatchEvent(new PopStateEvent("popstate"));
    }, view("board?at=999999"));
    await page.waitForSelector("[role=alert]");
    seen.tiles = await page.locator(".tile").count();
    await look(page, "board?at=2");
    seen.badges = await page.locator("nav.side .badge").count();
  },
});

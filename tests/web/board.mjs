// board.mjs: the board: a drag, the dialog of moves, the filter, many cards (tests/spec/page_spec.lua).

import { key, open, play, seen, signIn, url, view, violations } from "./browser.mjs";

async function board(page, path = "board") {
  await page.goto(view(path));
  if (await page.isVisible("#key")) await signIn(page);
  await page.waitForSelector(".tile, .trow[data-item]");
}

const tile = (card) => `.tile[data-card="${card}"]`;
const column = (name) => `section.col[aria-label="${name}"]`;

// A drag as a person does it: down, a little, over, up.
async function drag(page, card, name, inBetween = async () => {}) {
  const from = await page.locator(tile(card)).boundingBox();
  const to = await page.locator(column(name)).boundingBox();
  await page.mouse.move(from.x + 60, from.y + 20);
  await page.mouse.down();
  await page.mouse.move(from.x + 70, from.y + 26, { steps: 3 });
  await page.mouse.move(to.x + 80, to.y + 150, { steps: 4 });
  await page.waitForSelector(".verdict");
  await inBetween();
  for (let i = 0; (await page.locator(".col.takes, .col.refuses").count()) === 0; i++)
    await page.mouse.move(to.x + 80 + (i % 3), to.y + 152);
  await page.mouse.move(to.x + 90, to.y + 160, { steps: 4 }); // the browser knows by now that a drop is taken
  await page.mouse.up();
}

const columnOf = (page, card) =>
  page.locator(tile(card)).evaluate((node) => node.closest("section").ariaLabel);

const act = (path, body) =>
  fetch(url + path, {
    method: "POST",
    headers: { Authorization: "Bearer " + key, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });

const LOOKS = [
  ["light", 1280],
  ["dark", 1280],
  ["light", 360],
  ["dark", 360],
];

// What axe objects to at the board in each scheme and width, and whether it is wider than the window.
async function objections(selector) {
  const found = [];
  for (const [colorScheme, width] of LOOKS) {
    const page = await open({ colorScheme, viewport: { width, height: 740 } });
    await board(page);
    await page.waitForSelector(selector);
    found.push(...(await violations(page)));
    if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) found.push(`wide: ${width}`);
    await page.context().close();
  }
  return found;
}

const STATUSES = ["ready", "in_progress", "code_review", "blocked", "done"];

await play({
  // A failed run, an outage and a target that takes nothing: each in a line, until it is over.
  async alerts() {
    seen.violations = await objections(".alerts a");
    const page = await open();
    await board(page);
    const line = (text) => page.locator(".alerts > *", { hasText: text });
    await line("ep-b2.1 failed").waitFor();
    seen.lines = await page.locator(".alerts > *").allInnerTexts();
    seen.asked = await page.locator(".need a", { hasText: "Raise a cap" }).count();
    await line("unreachable").click();
    await page.waitForURL(/\/settings\/models$/);
    await page.goBack();
    await line("ep-b2.1 failed").click();
    await page.click("button:has-text('Resume run')");
    await page.click("nav.side >> text=Board");
    await line("e2.1 was").waitFor();
    await line("ep-b2.1").waitFor({ state: "detached" });
    await line("No notification reaches hook since").waitFor();
    seen.focus = await page.evaluate(() => document.activeElement.closest(".alerts") === null);
  },

  async moves() {
    const page = await open();
    await board(page);
    const moves = () => seen.posts.filter((path) => path.endsWith("/v1/acts/move")).length;

    // Refused: the column says why during the drag, the notice until it is dismissed.
    await drag(page, "A", "Done", async () => {
      seen.verdicts = await page.locator(".verdict").allTextContents();
    });
    await page.waitForSelector(".notice");
    seen.refused = await page.textContent(".notice");
    seen.stayed = [await columnOf(page, "A"), moves()];
    await page.click(".notice [aria-label=Dismiss]");
    seen.dismissed = await page.locator(".notice").count();

    // Allowed: it goes there when its event comes, without a reload.
    await page.evaluate(() => {
      window.sameDocument = true;
    });
    await drag(page, "A", "In progress");
    await page.waitForSelector(`${column("In progress")} ${tile("A")}`);
    seen.moved = [moves(), await page.evaluate(() => window.sameDocument === true)];

    // By keys: focus survives the move.
    await page.focus(tile("B"));
    await page.keyboard.press("m");
    await page.waitForSelector("dialog .opt");
    seen.options = await page
      .locator("dialog .opt")
      .evaluateAll((nodes) =>
        nodes.map((node) => [node.dataset.status, node.getAttribute("aria-disabled"), node.textContent]),
      );
    await page.focus("dialog .opt[data-status=done]");
    await page.keyboard.press("Enter");
    seen.stays = await page.textContent("dialog .stays");
    await page.focus("dialog .opt[data-status=in_progress]");
    await page.keyboard.press("Enter");
    await page.waitForSelector(`${column("In progress")} ${tile("B")}`);
    await page.waitForFunction(() => document.activeElement.dataset.card === "B");
    seen.focus = true;

    // A stale card: both values.
    await page.keyboard.press("m");
    await page.waitForSelector("dialog .opt[data-status=blocked]");
    seen.elsewhere = (await act("/v1/acts/move", { card: "B", status: "blocked", reason: "input" })).status;
    await page.click("dialog .opt[data-status=canceled]");
    await page.waitForSelector("dialog .stays");
    seen.stale = await page.textContent("dialog .stays");
  },

  async filter() {
    const page = await open();
    await board(page);
    await page.keyboard.press("/");
    await page.keyboard.type("seat:dev card A");
    await page.waitForFunction(() => document.querySelectorAll(".tile").length === 1);
    seen.url = new URL(page.url()).search;
    await page.goto(page.url());
    await page.waitForSelector(".tile");
    seen.again = [await page.inputValue(".filter input"), await page.locator(".tile").count()];
    await page.fill(".filter input", "nothing like it");
    seen.none = await page.textContent(".empty");
    await page.click("text=Clear filter");
    await page.waitForFunction(() => document.querySelectorAll(".tile").length > 1);
  },

  // 1,000 cards for who is signed in: ms until something is painted, and until tiles are. The best of some loads: other
  // programs of the machine only add to it.
  async thousand() {
    const page = await open();
    await page.goto(url);
    await signIn(page);
    await page.waitForSelector(".tile");
    await page.addInitScript(() => {
      new MutationObserver((_, watch) => {
        if (!document.querySelector(".tile")) return;
        watch.disconnect();
        requestAnimationFrame(() => setTimeout(() => (window.usable = performance.now())));
      }).observe(document, { childList: true, subtree: true });
    });
    const loads = [];
    for (let i = 0; i < 5; i++) {
      await page.reload();
      await page.waitForFunction(() => window.usable);
      const paint = () => performance.getEntriesByName("first-contentful-paint")[0].startTime;
      loads.push([await page.evaluate(paint), await page.evaluate(() => window.usable)]);
    }
    seen.paint = Math.min(...loads.map(([paint]) => paint));
    seen.usable = Math.min(...loads.map(([, usable]) => usable));
    seen.cards = await page.locator(".col >> nth=0").innerText();
  },

  // 5,000 cards in five columns, scrolled end to end: elements in lists, and the main thread's work per frame.
  async crowd() {
    const page = await open();
    await page.route("**/v1/board", async (route) => {
      const response = await route.fetch();
      const body = await response.json();
      body.cards.forEach((card, i) => {
        card.status = STATUSES[i % STATUSES.length];
        card.reports = i % 3;
      });
      await route.fulfill({ response, json: body });
    });
    await page.goto(url);
    await signIn(page);
    await page.waitForSelector(".tile");
    seen.paint = await page.evaluate(
      () => performance.getEntriesByName("first-contentful-paint")[0].startTime,
    );
    const protocol = await page.context().newCDPSession(page);
    await protocol.send("Performance.enable", { timeDomain: "threadTicks" });
    const used = async () =>
      (await protocol.send("Performance.getMetrics")).metrics.find((one) => one.name === "TaskDuration")
        .value * 1000;
    const held = await page.locator(".tile").first();
    await held.focus();
    seen.held = await held.getAttribute("data-card");
    // The work is counted in processor time of the page's thread, without that of looking at it.
    const frames = async (most, share) => {
      const rows = [];
      for (let i = 1, before = await used(); i <= most; i++) {
        const elements = await page.evaluate(
          (at) => {
            const node = document.querySelector(".scroll");
            node.scrollTop = (node.scrollHeight - node.clientHeight) * at;
            return new Promise((done) =>
              requestAnimationFrame(() => done(document.querySelectorAll(".scroll ul *").length)),
            );
          },
          share * (i / most),
        );
        const after = await used();
        rows.push(after - before);
        before = after;
        seen.most = Math.max(seen.most || 0, elements);
      }
      return rows.sort((a, b) => a - b);
    };
    const looking = (await frames(60, 0))[30];
    const work = await frames(300, 1);
    Object.assign(seen, { median: work[150] - looking, p95: work[285] - looking });
    seen.focus = await page.evaluate(() => document.activeElement.dataset.card);
    seen.last = await page.locator("li[aria-posinset='1000']").count();
  },
});

// inbox.mjs: what waits for a person: answers, batches, drafts, a lost connection, who may not (tests/spec/page_inbox_spec.lua).

import { createServer, connect } from "node:net";
import { key, open, play, seen, signIn, tabTo, url, view, violations } from "./browser.mjs";

const call = (path, body, token = key) =>
  fetch(url + path, {
    method: body ? "POST" : "GET",
    headers: { Authorization: "Bearer " + token, "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });

const json = async (path, body, token) => (await call(path, body, token)).json();

// Between the browser and the server: connections can be cut, and refused.
async function wire() {
  const pairs = new Set();
  let up = true;
  const server = createServer((socket) => {
    if (!up) return socket.destroy();
    const far = connect(Number(new URL(url).port), "127.0.0.1");
    const pair = [socket, far];
    pairs.add(pair);
    pair.forEach((one) => one.on("error", () => {}));
    pair.forEach((one, i) =>
      one.on("close", () => {
        pair[1 - i].destroy();
        pairs.delete(pair);
      }),
    );
    socket.pipe(far).pipe(socket);
    return undefined;
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    set(on) {
      up = on;
      if (!on) pairs.forEach(([socket]) => socket.destroy());
    },
    close: () => server.close(),
  };
}

const EVENTS = 500; // that come while a connection is cut

const posts = (end) => seen.posts.filter((path) => path.includes(end)).length;

await play({
  // A question is asked elsewhere; it is answered; approvals of one rule together; one is denied.
  async answers() {
    const page = await open();
    await page.goto(view("board"));
    await signIn(page);
    await page.waitForSelector(".tile");
    await page.evaluate(() => {
      window.sameDocument = true;
    });
    await call("/v1/runs", { card: "ep" });
    await page.waitForFunction(() => document.title.startsWith("(4) "));
    seen.strip = await page.locator(".need a .b").allTextContents();
    seen.badge = (await page.textContent("nav.side .badge")).trim();
    seen.same = await page.evaluate(() => window.sameDocument === true);

    await page.keyboard.press("g");
    await page.keyboard.press("i");
    await page.waitForSelector(".item");
    const boxes = page.locator(".item-row input");
    seen.boxes = await boxes.count();
    await boxes.nth(0).check();
    await boxes.nth(1).check();
    await page.waitForSelector("text=2 approvals by");
    await page.waitForSelector("text=Approve 2, each once");
    seen.batch = await page.textContent(".ask .in");
    await page.keyboard.press("a");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.title.startsWith("(2) "));
    seen.approvals = posts("/approvals/verdicts");

    await page.click(".item:has-text('locked/c')");
    await page.waitForSelector(".act input");
    await page.click("button:has-text('Deny')");
    seen.reason = await page.getAttribute(".act input", "placeholder");
    await page.fill(".act input", "not this file");
    await page.click(".item:has-text('changed nothing')"); // looks elsewhere, and comes back
    await page.click(".item:has-text('locked/c')");
    await page.waitForSelector(".act input");
    seen.kept = await page.inputValue(".act input");
    await page.click("button:has-text('Deny')");
    await page.waitForFunction(() => document.title.startsWith("(1) "));

    await page.click(".item:has-text('changed nothing')");
    await page.fill(".act textarea", "the same one");
    await page.click(".act button:has-text('Answer')");
    await page.waitForFunction(() => !document.title.startsWith("("));
    await page.goto(view("inbox?state=answered"));
    await page.waitForSelector(".answered");
    seen.answered = await page.locator(".answered").allTextContents();
    seen.violations = await violations(page);
  },

  // The page is at an event that the journal does not have, as when a backup was restored.
  async restored() {
    const page = await open(),
      dialed = (seen.dialed = []),
      refused = page.waitForResponse((one) => one.status() === 409);
    await page.routeWebSocket(/ws\/events/, (socket) => {
      const isFirst = dialed.push(new URL(socket.url()).search) === 1;
      socket.connectToServer().onMessage((text) => {
        socket.send(isFirst ? text.replace(/"seq":\d+/, '"seq":99999') : text);
        if (isFirst && text.includes('"beat"')) socket.close();
      });
    });
    await page.goto(view("inbox"));
    await signIn(page);
    seen.refused = new URL((await refused).url()).search;
    const card = (await json("/v1/board")).cards.find((one) => one.type === "issue").id;
    await page.evaluate((url) => {
      history.pushState(null, "", url);
      dispatchEvent(new PopStateEvent("popstate"));
    }, view("cards/" + card));
    await call("/v1/acts/comment", { card, text: "it is heard" });
    await page.waitForSelector(".comment:has-text('it is heard')");
  },

  // More than one request takes, chosen by a key, answered by two.
  async many() {
    const page = await open();
    await page.goto(view("inbox"));
    await signIn(page);
    await page.click(".item");
    await page.waitForSelector("text=Select all 101 by this rule");
    await page.keyboard.press("X");
    await page.waitForSelector("h2:has-text('101 approvals by')");
    await page.click("text=Clear selection");
    await page.waitForSelector("h2:has-text('Approve write_file')");
    await page.keyboard.press("X");
    await page.keyboard.press("a");
    await page.keyboard.press("Enter");
    await page.waitForSelector("text=Approve 101, each once");
    await page.keyboard.press("Enter");
    await page.waitForSelector("text=Nothing needs you");
    seen.sent = posts("/approvals/verdicts");
    await page.goto(view("inbox?state=answered"));
    await page.waitForSelector(".answered");
    seen.approved = await page.locator(".answered .pill:has-text('Approved')").count();
  },

  async offline() {
    const between = await wire();
    const page = await open();
    await page.goto(between.url + new URL(view("inbox")).pathname);
    await signIn(page);
    await page.click(".item");
    await page.fill(".act input", "half a reason");
    const card = (await json("/v1/board")).cards.find((one) => one.type === "issue").id;
    between.set(false);
    const cut = Date.now();
    await page.waitForSelector(".offline");
    seen.after = Date.now() - cut;
    seen.bar = await page.textContent(".offline");
    seen.disabled = await page.isDisabled("button:has-text('Deny')");
    seen.says = await page.textContent(".act");
    await Promise.all(
      Array.from({ length: 8 }, async (_, lane) => {
        for (let i = lane; i < EVENTS; i += 8) await call("/v1/acts/comment", { card, text: `comment ${i}.` });
      }),
    );
    between.set(true);
    await page.waitForSelector(".notice:has-text('new events')");
    seen.back = await page.textContent(".notice");
    seen.draft = await page.inputValue(".act input");
    await page.waitForSelector(".offline", { state: "detached" });
    seen.enabled = !(await page.isDisabled("button:has-text('Deny')"));
    await page.goto(between.url + new URL(view("cards/" + card)).pathname);
    await page.waitForSelector(".comment");
    const texts = await page.locator(".comment").allInnerTexts();
    seen.comments = [texts.length, new Set(texts.map((text) => text.match(/comment \d+\./)[0])).size];
    await page.context().close(); // from here on nothing is asked for
    seen.hosts = [new URL(url).host]; // the wire's is the same server
    between.close();
  },

  // An approval, a denial and an answer without a pointer, in forced colours, without motion, at 200 % of 1280 pixels.
  async keyboard() {
    const calm = { reducedMotion: "reduce", forcedColors: "active", viewport: { width: 640, height: 400 } };
    const page = await open(calm);
    await page.goto(view("board"));
    await page.waitForSelector("#key");
    seen.unseen = []; // elements that had the focus, and did not show it
    const press = async (...keys) => {
      for (const one of keys) await page.keyboard.press(one);
      const hidden = await page.evaluate(() => {
        const at = document.activeElement,
          style = getComputedStyle(at);
        const shows = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
        return at === document.body || at.id === "main" || shows ? null : at.outerHTML.slice(0, 90);
      });
      if (hidden) seen.unseen.push(`${keys}: ${hidden}`);
    };
    await page.focus("#key");
    await page.keyboard.type(key);
    await press("Enter");
    await page.waitForSelector(".tile");
    await press("g", "i");
    await page.waitForSelector(".item");
    await press("j");
    await press("Enter");
    await page.waitForSelector(".act [data-key=a]:has-text('Show the rest')");
    await press("a");
    await press("Enter");
    await page.waitForSelector("text=Approve once");
    seen.early = seen.posts.length;
    await press("Enter"); // the focus stayed on the button
    await page.waitForFunction(() => document.title.startsWith("(3) "));

    await press("n");
    await page.waitForSelector(".act input");
    await press("d");
    await page.keyboard.type("not so");
    await tabTo(page, "Deny", press);
    await press("Enter");
    await page.waitForFunction(() => document.title.startsWith("(2) "));

    for (let i = 0; i < 2 && (await page.locator(".act textarea").count()) === 0; i++) {
      const before = page.url();
      await press("n");
      await page.waitForFunction((old) => location.href !== old, before);
      await page.waitForSelector(".act input, .act textarea");
    }
    await press("a");
    await page.keyboard.type("the same one");
    await tabTo(page, "Answer", press);
    await press("Enter");
    await page.waitForFunction(() => document.title.startsWith("(1) "));
    seen.moving = await page.evaluate(() => document.getAnimations().length);
    seen.sideways = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    seen.sent = seen.posts.map((path) => path.split("/").at(-1));
  },

  // A viewer sees all, and is offered nothing; what is sent in spite of that is refused.
  async viewer() {
    const page = await open();
    await page.goto(view("settings/users"));
    await signIn(page);
    await page.fill(".inline input >> nth=0", "eve");
    await page.fill(".inline input[type=password]", "a long enough passphrase");
    await page.click("text=Add user >> nth=-1");
    await page.waitForSelector("th:has-text('eve')");
    await page.goto(view("settings/keys"));
    await page.fill(".inline input >> nth=0", "robot");
    await page.click("button:has-text('Make key')");
    seen.key = (await page.textContent(".box .code")).trim();
    await page.goto(view("settings/keys"));
    await page.waitForSelector("th:has-text('robot')");
    seen.once = (await page.content()).includes(seen.key);

    const other = await open();
    await other.goto(view("inbox"));
    await other.fill("#name", "eve");
    await other.fill("#key", "a long enough passphrase");
    await other.click("text=Sign in");
    await other.waitForSelector("nav.side .dot.live", { state: "attached" });
    await other.click(".item");
    await other.waitForSelector("text=You may look at this, and not answer it");
    seen.buttons = await other.locator(".act button").count();
    await other.goto(view("cards/D"));
    seen.leads = await other.innerText(".box.amber a");
    await other.goto(view("board"));
    await other.waitForSelector(".tile");
    seen.starts = await other.locator("text=Start run").count();
    await other.goto(view("settings"));
    await other.waitForSelector("nav.seg a");
    seen.parts = await other.locator("nav.seg a").allTextContents();
    const { token } = await json("/v1/login", { name: "eve", password: "a long enough passphrase" });
    const [asked] = (await json("/v1/approvals", undefined, token)).items;
    const path = `/v1/approvals/${encodeURIComponent(asked.id)}/approve`;
    seen.status = (await call(path, { hash: asked.hash }, token)).status;
  },

  // What was approved is no longer as it was shown.
  async stale() {
    const page = await open();
    await page.goto(view("inbox"));
    await signIn(page);
    await page.click(".item");
    await page.waitForSelector("text=Approve once");
    await page.keyboard.press("a");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".in .pill:has-text('Void')");
    await page.waitForSelector(".in .refusal");
    seen.cause = await page.textContent(".in .refusal");
    seen.approvals = posts("/approve");
  },

  // An operation of which no one knows the outcome.
  async unknown() {
    const page = await open();
    await page.goto(view("inbox"));
    await signIn(page);
    await page.click(".item");
    await page.waitForSelector("text=It did not");
    seen.asked = await page.textContent(".ask .in");
    seen.answers = await page.locator(".act .btn").allTextContents();
    await page.keyboard.press("d");
    await page.keyboard.type("no such order there");
    await tabTo(page, "It did not");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => !document.title.startsWith("("));
    await page.goto(view("cards/A"));
    await page.waitForSelector(".pill:has-text('Done')");
  },

  // Narrow and zoomed, without motion, in forced colours.
  async ergonomics() {
    const calm = { reducedMotion: "reduce", forcedColors: "active" };
    const page = await open({ viewport: { width: 360, height: 740 }, ...calm });
    await page.goto(view("inbox"));
    await signIn(page);
    await page.click(".item");
    await page.waitForSelector(".act .btn.p");
    seen.decisions = await page
      .locator(".act .btn")
      .evaluateAll((nodes) => nodes.map((node) => node.offsetHeight));
    seen.moving = await page.evaluate(() => document.getAnimations().length);
    await call("/v1/users", { name: "ada.lovelace.of.the.shop", role: "viewer", password: "a long enough passphrase" });
    seen.scrolled = []; // tables of which a column is out of sight
    for (const path of ["costs", "settings/users"]) {
      await page.goto(view(path));
      await page.waitForSelector("tbody tr >> visible=true");
      const over = await page.locator(".table").evaluateAll((all) => all.some((one) => one.scrollWidth > one.clientWidth));
      if (over) seen.scrolled.push(path);
    }
    await page.locator("h1").click();
    await page.keyboard.press("?");
    await page.waitForSelector("dialog dl");
    seen.dialog = await page.locator("dialog").evaluate((node) => [node.scrollTop, node.scrollHeight > node.clientHeight]);
    await page.keyboard.press("Escape");
    seen.small = [];
    seen.wide = [];
    for (const width of [320, 360, 640]) {
      await page.setViewportSize({ width, height: 740 });
      for (const path of ["board", "inbox", "cards/A", "costs", "settings/users", "scripts", "refusals"]) {
        await page.goto(view(path));
        await page.waitForSelector("h1");
        await page.waitForFunction(() => !document.querySelector("main [aria-busy=true]"));
        if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth))
          seen.wide.push(`${path} at ${width}`);
        const small = await page
          .locator("main button, main a.btn, .tabbar > *")
          .evaluateAll((nodes) =>
            nodes
              .filter((node) => node.offsetParent && Math.min(node.offsetWidth, node.offsetHeight) < 24)
              .map((node) => node.outerHTML.slice(0, 90)),
          );
        seen.small.push(...small);
      }
    }
    // Focus is seen, and every status has a shape of its own.
    await page.goto(view("board"));
    await page.waitForSelector(".tile");
    await page.keyboard.press("j");
    seen.outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    seen.shapes = await page.evaluate(() =>
      [
        "ready",
        "in_progress",
        "ready_for_testing",
        "code_review",
        "blocked",
        "waiting_for_developer",
        "done",
        "canceled",
      ].map((name) => document.getElementById("i-" + name).innerHTML),
    );
  },

  // Found by words, from anywhere, with the keyboard alone.
  async palette() {
    const page = await open();
    await page.goto(view("runs"));
    await signIn(page);
    await page.keyboard.press("Escape"); // there is no view before this one
    seen.stayed = page.url() === view("runs");
    await page.waitForSelector(".run:has-text('Epic')");
    seen.run = await page.innerText(".run > :first-child");
    await page.keyboard.press("s");
    await page.waitForSelector("dialog h2:has-text('Start run')");
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog", { state: "detached" });
    // Is a dialog open at the moment at which it is there? A key behind that moment is a key of the dialog.
    await page.evaluate(() => {
      window.opened = [];
      new MutationObserver((rows) =>
        rows.forEach((row) =>
          row.addedNodes.forEach((node) => node.tagName === "DIALOG" && window.opened.push(node.open)),
        ),
      ).observe(document.body, { childList: true, subtree: true });
    });
    await page.keyboard.press("Control+k");
    await page.waitForSelector("dialog input");
    seen.opened = await page.evaluate(() => window.opened);
    await page.keyboard.type("lock");
    await page.waitForSelector(".found");
    seen.found = await page.locator(".found").allTextContents();
    seen.violations = await violations(page);
    await page.fill("dialog input", "Card C");
    await page.waitForSelector(".found:has-text('Card C')");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/cards/C");
    await page.waitForSelector("h2:has-text('Card C')");
    await page.keyboard.press("4");
    await page.waitForSelector("[role=tab][aria-selected=true]:has-text('Refusals')");
    await page.keyboard.press("?");
    await page.waitForSelector("dialog dl");
    await page.keyboard.press("Escape");
    await page.goto(view("refusals"));
    await page.waitForSelector(".rule");
    await page.waitForSelector(".refusal");
    seen.fixes = await page.locator(".refusal dd").allInnerTexts();
    seen.rules = await page.locator(".rule").allTextContents();
    await page.click(".rule:has-text('house.locked')");
    await page.waitForFunction(() => location.search.startsWith("?rule="));
    await page.waitForSelector(".refusal .kv");
    seen.refusal = await page.textContent(".refusal");
    await page.click(".refusal >> text=Try an edit");
    const file = page.locator("dialog textarea");
    await file.waitFor();
    seen.same = await page.locator("dialog button.p").isDisabled();
    const text = await file.inputValue();
    const outcome = async (edited) => {
      await file.fill(edited);
      await page.click("dialog >> text=Try edit");
      await page.waitForSelector("dialog [role=status], dialog [role=alert]");
      return page.locator("dialog [role=status], dialog [role=alert]").innerText();
    };
    seen.allowed = await outcome(text.replace("house.locked", "x").replaceAll("locked", "open"));
    seen.broken = await outcome("{");
    seen.edit = await violations(page);
    if (process.env.SHOTS) await page.screenshot({ path: process.env.SHOTS + "/try_edit.png" });
  },
});

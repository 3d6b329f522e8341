// workspaces.mjs: a server of two projects in a browser (tests/spec/workspaces_spec.lua).

import { open, play, seen, signIn, url, view } from "./browser.mjs";

await play({
  async two() {
    const page = await open();
    await page.goto(view("board"));
    await signIn(page);
    await page.waitForSelector(".tile");
    seen.first = await page.locator(".tile .t").allTextContents();
    seen.title = await page.title();
    await page.click(".side a.other");
    await page.waitForFunction((old) => document.title !== old, seen.title);
    await page.waitForSelector("nav.side .dot.live", { state: "attached" });
    await page.waitForSelector(".tile");
    seen.second = await page.locator(".tile .t").allTextContents();
    seen.other = new URL(page.url()).pathname;
    if (process.env.SHOTS) await page.screenshot({ path: process.env.SHOTS + "/two.png" });
    await page.goto(`${url}/w/nothing/board`);
    await page.waitForSelector("text=This server has no project nothing");
    seen.links = await page.locator("a.link").allTextContents();
  },
});

// A real Chromium walks the whole arc: sign up, consent for Notes, approve an agent, revoke it. Screenshots of every
// page, light and dark, narrow and wide, go to target/screenshots.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { randomUUID } from "node:crypto";
import { chromium } from "playwright-core";
import { freePort } from "../lib/servers.mjs";
import { Host } from "../lib/agent.mjs";

const target = process.env.CARGO_TARGET_DIR ?? new URL("../../target", import.meta.url).pathname;
const shots = join(target, "screenshots");

describe("in a browser", () => {
  let demo, folder, browser, page, urls, host, agent;
  const consoleErrors = [];

  before(async () => {
    mkdirSync(shots, { recursive: true });
    folder = mkdtempSync(join(tmpdir(), "countersign-demo-"));
    const [authco, notes, resource] = [await freePort(), await freePort(), await freePort()];
    urls = { authco: `http://localhost:${authco}`, notes: `http://127.0.0.1:${notes}`, resource: `http://127.0.0.1:${resource}` };
    demo = spawn(join(target, "debug", "countersign-demo"), [`--ports=${authco},${notes},${resource}`], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
    const lines = createInterface({ input: demo.stdout });
    await new Promise((resolve, reject) => {
      lines.on("line", (line) => line.includes("Ctrl-C ends everything") && resolve());
      demo.on("exit", (code) => reject(new Error(`the demo ended with ${code}`)));
    });
    browser = await chromium.launch({
      executablePath: process.env.COUNTERSIGN_TEST_CHROMIUM ?? "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    });
    page = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
    page.on("console", (message) => message.type() === "error" && consoleErrors.push(message.text()));
  });
  after(async () => {
    await browser?.close();
    demo?.kill("SIGINT");
    if (demo && demo.exitCode === null) await once(demo, "exit");
    rmSync(folder, { recursive: true, force: true });
  });

  async function look(name) {
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      for (const width of [360, 1280]) {
        await page.setViewportSize({ width, height: 800 });
        await page.screenshot({ path: join(shots, `${name}-${colorScheme}-${width}.png`), fullPage: true });
        if (width === 360) assert.ok((await page.locator("html").boundingBox()).width <= 360, `${name} scrolls sideways on a narrow screen`);
      }
    }
  }

  const person = { name: "Alice Example", email: "alice@example.test", password: `${randomUUID()} in a browser` };

  test("a protected page sends a stranger to sign-in, sign-up leads to the dashboard", async () => {
    await page.goto(`${urls.authco}/dashboard`);
    assert.match(page.url(), /\/sign-in/);
    await look("sign-in");
    await page.goto(`${urls.authco}/sign-up`);
    await look("sign-up");
    await page.fill('input[name="name"]', person.name);
    await page.fill('input[name="email"]', person.email);
    await page.fill('input[name="password"]', person.password);
    await page.click('main button[type="submit"]');
    assert.equal(new URL(page.url()).pathname, "/dashboard");
    await look("dashboard-new");
  });

  test("autocomplete attributes let password managers do their work", async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const other = await context.newPage();
    await other.goto(`${urls.authco}/sign-in`);
    assert.equal(await other.getAttribute('input[name="password"]', "autocomplete"), "current-password");
    assert.match(await other.getAttribute('input[name="email"]', "autocomplete"), /username|email/);
    await other.goto(`${urls.authco}/sign-up`);
    assert.equal(await other.getAttribute('input[name="password"]', "autocomplete"), "new-password");
    await context.close();
  });

  test("Notes signs the person in through AuthCo; consent shows what Notes asked for", async () => {
    await page.goto(urls.notes);
    await look("notes-signed-out");
    await page.click('a[href="/sign-in"]');
    assert.equal(new URL(page.url()).pathname, "/consent");
    assert.match(await page.textContent("main"), /Notes/);
    await look("consent");
    await page.click('button[value="approve"]');
    assert.equal(new URL(page.url()).origin, urls.notes);
    assert.match(await page.textContent("body"), /Alice Example/);
    await look("notes-signed-in");
  });

  test("an agent is approved on the device page and works", async () => {
    host = await Host.create({ origin: urls.authco, at: (url) => url });
    const registered = await host.register();
    agent = registered.agent;
    await page.goto(`${urls.authco}/device`);
    await look("device-code");
    await page.goto(registered.body.approval.verification_uri_complete);
    assert.match(await page.textContent("main"), /Bookkeeper/);
    await look("device-approval");
    await page.check('input[name="confirm"]');
    await page.click('button[value="approve"]');
    await look("device-done");
    assert.equal((await agent.execute("transfer_money", { amount: 5, currency: "USD", to: "acc" })).status, 200);
    assert.equal((await agent.execute("transfer_money", { amount: 500, currency: "USD", to: "acc" })).body.error, "constraint_violated");
  });

  test("revoked on the dashboard, the agent's next call fails", async () => {
    await page.goto(`${urls.authco}/dashboard`);
    await look("dashboard");
    await page.click(`form[action^="/dashboard/agents/revoke"]:has(input[value="${agent.id}"]) button`);
    assert.equal((await agent.execute("check_balance", { account_id: "a" })).body.error, "agent_revoked");
    await look("dashboard-revoked");
  });

  test("an error page and a missing page are our own", async () => {
    await page.goto(`${urls.authco}/api/auth/oauth2/authorize?client_id=nobody`);
    await look("error");
    await page.goto(`${urls.authco}/nothing-here`);
    await look("not-found");
  });

  test("signing out leads away from the dashboard, and the back button shows nothing", async () => {
    await page.goto(`${urls.authco}/dashboard`);
    await page.click('form[action^="/sign-out"] button');
    await page.goto(`${urls.authco}/dashboard`);
    assert.match(page.url(), /\/sign-in/);
    await page.goBack();
    assert.doesNotMatch((await page.textContent("body")) ?? "", /alice@example\.test/);
  });

  test("no page broke its own content security policy", () => assert.deepEqual(consoleErrors.filter((line) => /Content Security Policy/i.test(line)), []));
});

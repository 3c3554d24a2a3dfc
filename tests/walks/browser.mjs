// Debian's Chromium, and what every page is held to.
import assert from "node:assert/strict";
import axe from "axe-core";
import { HtmlValidate } from "html-validate";
import { chromium } from "playwright-core";

export const PASSWORD = "tulip verve octagon";
/// How long a grading may take on a busy machine.
export const PATIENCE = 120_000;

const validator = new HtmlValidate({ extends: ["html-validate:standard"] });
const WCAG = {
  runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
  // The one rule of WCAG 2.2 AA, which has to be asked for.
  rules: { "target-size": { enabled: true } },
};

export async function launched() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
  });
}

/// A person's browser: whatever its console says as an error and whatever it asks elsewhere is noted.
export class Visitor {
  constructor(context, server) {
    this.context = context;
    this.server = server;
    this.faults = [];
  }

  static async of(browser, server, options = {}) {
    const context = await browser.newContext(options);
    const visitor = new Visitor(context, server);
    const host = new URL(server.url).host;
    context.on("request", (request) => {
      const url = new URL(request.url());
      if (url.host !== host && url.protocol !== "data:") visitor.faults.push(`asked for ${url}`);
    });
    context.on("console", (message) => {
      if (message.type() === "error") visitor.faults.push(`console: ${message.text()}`);
    });
    context.on("weberror", (fault) => visitor.faults.push(`script: ${fault.error()}`));
    context.setDefaultTimeout(30_000);
    visitor.scripted = options.javaScriptEnabled !== false;
    visitor.page = await context.newPage();
    return visitor;
  }

  /// With the one-time link of an invitation.
  async accepts(email) {
    await this.page.goto(this.server.invitation(email));
    await this.inspect();
    await this.page.fill("#password", PASSWORD);
    await this.page.fill("#again", PASSWORD);
    await this.presses("main button[type=submit]");
  }

  /// A button that leads on, until the page that comes is whole.
  async presses(selector) {
    await Promise.all([this.page.waitForEvent("load"), this.page.click(selector)]);
  }

  /// To a page that must be there.
  async goes(path) {
    const response = await this.page.goto(this.server.url + path);
    assert.equal(response.status(), 200, path);
    return response;
  }

  /// The words of the page's content.
  async words() {
    return this.page.innerText("main");
  }

  /// Waits until the content has these words; without scripts by loading it again, as a person would.
  async until(words) {
    const limit = Date.now() + PATIENCE;
    while (Date.now() < limit) {
      if ((await this.words()).includes(words)) {
        // What comes below them may still be on its way.
        await this.page.waitForLoadState("load");
        return;
      }
      await this.page.waitForTimeout(this.scripted ? 100 : 1000);
      if (!this.scripted) await this.page.reload();
    }
    assert.fail(`the page never said "${words}":\n${await this.words()}`);
  }

  /// Holds the page against the HTML standard and, in both themes, against WCAG 2.2 A and AA; at 320
  /// pixels nothing may stick out. What is found is told when the visitor leaves.
  async inspect() {
    const address = new URL(this.page.url()).pathname;
    const served = await this.context.request.get(this.page.url());
    const type = served.headers()["content-type"] ?? "";
    assert.ok(type.startsWith("text/html"), `${address} is ${type}`);
    const { results } = await validator.validateString(await served.text());
    const wrong = results.flatMap((one) => one.messages).map((m) => `${m.line}:${m.column} ${m.ruleId}: ${m.message}`);
    this.faults.push(...wrong.map((one) => `${address}: ${one}`));
    if (!this.scripted) return;
    for (const colorScheme of ["light", "dark"]) {
      await this.page.emulateMedia({ colorScheme });
      await this.page.evaluate(axe.source);
      const { violations } = await this.page.evaluate((options) => window.axe.run(document, options), WCAG);
      const found = violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.html.slice(0, 160)).join(" | ")}`);
      this.faults.push(...found.map((one) => `${address}, ${colorScheme}: ${one}`));
    }
    const size = this.page.viewportSize();
    await this.page.setViewportSize({ width: 320, height: 640 });
    const out = await this.page.evaluate(() => document.documentElement.scrollWidth);
    await this.page.setViewportSize(size);
    if (out > 320) this.faults.push(`${address} is ${out} pixels wide at 320`);
  }

  async leaves() {
    await this.context.close();
    assert.deepEqual(this.faults, []);
  }
}

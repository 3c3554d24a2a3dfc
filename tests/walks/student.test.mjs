// A student's way, from the invitation to a passed project; with scripts and without.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launched, Visitor } from "./browser.mjs";
import { ROOT, SEMESTER, started } from "./server.mjs";

const PROJECT = `/semesters/${SEMESTER}/projects/lif`;
const GRADER = join(ROOT, "graders/3-lif");
let server, browser;

before(async () => {
  server = await started();
  browser = await launched();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

async function handIn(visitor, file) {
  await visitor.goes(PROJECT);
  await visitor.page.setInputFiles("input[type=file]", file);
  await Promise.all([
    visitor.page.waitForURL(/\/submissions\//),
    visitor.page.click("form[data-upload] button[type=submit], form[enctype] button[type=submit]"),
  ]);
}

for (const [who, javaScriptEnabled] of [["ada@example.org", true], ["emmy@example.org", false]]) {
  const how = javaScriptEnabled ? "with scripts" : "without scripts";

  test(`from the invitation to a passed project, ${how}`, async () => {
    const visitor = await Visitor.of(browser, server, { javaScriptEnabled });
    await visitor.accepts(who);
    await visitor.until("Passed 0 of 7");
    await visitor.inspect();

    await visitor.goes(PROJECT);
    await visitor.inspect();
    await handIn(visitor, join(GRADER, "wrong/voltage/euler/solution.py"));
    if (javaScriptEnabled) {
      // The page says how far it is before it says how it ended.
      await visitor.page.waitForSelector("[data-live] progress, #report");
    }
    await visitor.until("Repeat it at home");
    const failed = await visitor.words();
    assert.match(failed, /Failed: \d of \d checks passed/);
    assert.ok((await visitor.page.locator("svg.figure[role=img]").count()) >= 2, "its figures are seen");
    await visitor.inspect();

    await handIn(visitor, join(GRADER, "reference/python/solution.py"));
    await visitor.until("Repeat it at home");
    assert.match(await visitor.words(), /Passed: (\d) of \1 checks passed/);
    await visitor.inspect();

    await visitor.goes(`/semesters/${SEMESTER}`);
    await visitor.until("Passed 1 of 7");
    await visitor.inspect();
    await visitor.goes("/profile");
    await visitor.inspect();
    await visitor.leaves();
  });
}

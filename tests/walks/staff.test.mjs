// What an instructor and an admin do, and every page of the server, one by one.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launched, Visitor } from "./browser.mjs";
import { ROOT, SEMESTER, started } from "./server.mjs";

const GRADER = join(ROOT, "graders/3-lif");
let server, browser, student, lecturer, office, failed, regrade;

/// A submission that fails, so that there are figures, messages and a log to look at.
before(async () => {
  server = await started();
  browser = await launched();
  student = await Visitor.of(browser, server);
  await student.accepts("ada@example.org");
  await student.goes(`/semesters/${SEMESTER}/projects/lif`);
  await student.page.setInputFiles("input[type=file]", join(GRADER, "wrong/voltage/euler/solution.py"));
  await student.page.click("form[data-upload] button[type=submit]");
  await student.until("Repeat it at home");
  failed = new URL(student.page.url()).pathname;
  lecturer = await Visitor.of(browser, server);
  await lecturer.accepts("lecturer@example.org");
  office = await Visitor.of(browser, server);
  await office.accepts("office@example.org");
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

async function studentsPage(visitor, name) {
  await visitor.goes(`/class/${SEMESTER}?q=${name}`);
  await visitor.page.click("tbody th a");
  await visitor.page.waitForURL(/\/students\//);
}

test("an instructor overrides a result, gives more time, and takes both back", async () => {
  const page = lecturer.page;
  await studentsPage(lecturer, "lovelace");
  await page.selectOption("form[action$='/overrides'] select[name=project]", "3");
  await page.selectOption("form[action$='/overrides'] select[name=decision]", "passed");
  await page.fill("#override-reason", "Shown at the blackboard.");
  await page.click("form[action$='/overrides'] button");
  await lecturer.until("Shown at the blackboard.");
  await lecturer.inspect();
  await student.goes(`/semesters/${SEMESTER}`);
  await student.until("Passed 1 of 7");

  await studentsPage(lecturer, "lovelace");
  await page.selectOption("form[action$='/extensions'] select[name=project]", "1");
  await page.fill("#day", new Date(Date.now() + 7 * 86_400_000).toISOString().slice(0, 10));
  await page.fill("#extension-reason", "Ill, with a certificate.");
  await page.click("form[action$='/extensions'] button");
  await lecturer.until("Ill, with a certificate.");
  await student.goes(`/semesters/${SEMESTER}/projects/backprop`);
  await student.until("with your extension");

  await studentsPage(lecturer, "lovelace");
  const decisions = page.locator("form[action$='/take-back'] button");
  for (let left = await decisions.count(); left > 0; left -= 1) {
    assert.equal(await decisions.count(), left);
    // The page that comes back is whole before it is looked at.
    await Promise.all([page.waitForEvent("load"), decisions.first().click()]);
  }
  await student.goes(`/semesters/${SEMESTER}`);
  await student.until("Passed 0 of 7");
});

test("a student asks about a check, an instructor answers, and both see where it stands", async () => {
  await student.goes(failed);
  await student.page.locator("a[data-ask]").first().click();
  await student.page.fill("#ask-text", "Is the potential held for one step too many?");
  await student.page.click("#ask button[type=submit]");
  await student.until("Is the potential held for one step too many?");
  await student.inspect();

  await lecturer.goes(`/class/${SEMESTER}/questions`);
  await lecturer.inspect();
  await lecturer.page.click("tbody th a");
  await lecturer.page.fill("article.question textarea", "Yes: count the steps from the spike on.");
  await lecturer.page.click("article.question button[type=submit]");
  await lecturer.until("count the steps from the spike on");
  await lecturer.inspect();

  await student.goes(failed);
  await student.until("count the steps from the spike on");
  assert.match(await student.page.innerText("article.question"), /answered/);
  await student.page.click("button[form^=close-]");
  await student.until("closed");
  const letters = readdirSync(join(server.data, "mailbox")).map((name) => readFileSync(join(server.data, "mailbox", name), "utf8"));
  for (const to of ["ada@example.org", "lecturer@example.org"]) {
    assert.ok(letters.some((letter) => letter.includes(`To: ${to}`) || letter.includes(to)), `${to} has a letter`);
  }
});

test("an instructor has a project graded again beside, sees the difference, applies and undoes it", async () => {
  const page = lecturer.page;
  await lecturer.goes(`/class/${SEMESTER}/regrades`);
  await page.selectOption("#of", "3");
  await page.click("main form.inline button");
  await page.check("#new");
  await page.fill("#reason", "Another draw, to see how far it matters.");
  await lecturer.inspect();
  await page.click("main form[method=post] button[type=submit]");
  await page.waitForURL(/\/regrades\//);
  regrade = new URL(page.url()).pathname;
  await lecturer.inspect();
  await lecturer.goes(`/class/${SEMESTER}/queue`);
  await lecturer.inspect();
  await student.goes(failed);
  assert.doesNotMatch(await student.words(), /regrade of the project/, "what runs beside is not for students");

  // Followed without a reload, until all of it is graded.
  await lecturer.goes(regrade);
  await lecturer.until("Apply all of it");
  assert.match(await lecturer.words(), /1 of 1 graded/);
  assert.match(await lecturer.words(), /Nobody's result or admission would become another/, "wrong in every draw");
  await lecturer.inspect();
  await page.click("form[action$='/apply'] button");
  await lecturer.until("applied by");
  await lecturer.inspect();
  await student.goes(failed);
  await student.until("regrade of the project");
  await student.inspect();

  await lecturer.goes(regrade);
  await page.click("form[action$='/undo'] button");
  await lecturer.until("undone by");
  await student.goes(failed);
  assert.doesNotMatch(await student.words(), /regrade of the project/);
});

test("an instructor looks at an excuse and at more time for many before either is given", async () => {
  const page = lecturer.page;
  await studentsPage(lecturer, "lovelace");
  await page.selectOption("#excused", "1");
  await page.fill("#excuse-reason", "Ill, with a certificate.");
  await page.click("form[action$='/excuses'] button");
  await lecturer.until("Nothing has been changed yet.");
  await lecturer.inspect();
  await student.goes(`/semesters/${SEMESTER}`);
  assert.doesNotMatch(await student.words(), /excused/i, "it was only looked at");
  await page.click("main form button[type=submit]");
  await lecturer.until("Ill, with a certificate.");
  await lecturer.inspect();
  await student.goes(`/semesters/${SEMESTER}`);
  await student.until("You are excused from 1 project");
  await student.inspect();
  await student.goes(`/semesters/${SEMESTER}/projects/backprop`);
  await student.inspect();
  await studentsPage(lecturer, "lovelace");
  await page.click("form[action^='/excuses/'] button");
  await lecturer.until("taken back");
  await student.goes(`/semesters/${SEMESTER}`);
  assert.doesNotMatch(await student.words(), /excused/i);

  await lecturer.goes(`/class/${SEMESTER}/extensions`);
  await page.selectOption("#project", "2");
  await page.fill("#day", new Date(Date.now() + 7 * 86_400_000).toISOString().slice(0, 10));
  await page.fill("#reason", "The network was down.");
  await page.fill("#students", "12-345-674, 12-345-682");
  await page.click("form.card button[type=submit]:has-text('Look at it')");
  await lecturer.until("Nothing has been changed yet.");
  await lecturer.inspect();
  await page.click("main form button[type=submit]");
  await lecturer.until("Extensions that stand");
  assert.equal(await page.locator("form[action^='/extensions/']").count(), 2);
  await lecturer.inspect();
});

test("an admin makes a semester like this one, and a person with a link", async () => {
  const page = office.page;
  await office.goes("/admin");
  await page.click("a[href='/admin/new-semester']");
  await page.fill("#name", "HS2031");
  await page.fill("#first_lecture", "2031-09-17");
  await page.selectOption("#like", SEMESTER);
  await page.click("form[action='/admin/new-semester'] button[type=submit]");
  await office.until("What HS2031 would be");
  await office.inspect();
  await page.click("#plan ~ form button[type=submit]");
  await office.until("7 projects");
  await office.goes("/admin/people");
  await page.fill("#email", "nina@example.org");
  await page.fill("#first_name", "Nina");
  await page.fill("#family_name", "Neu");
  await page.click("form[action='/admin/people'][method=post] button[type=submit]");
  await office.until("A link for Nina Neu");
  assert.match(await page.inputValue("input[readonly]"), /\/welcome\/[0-9a-f]{64}$/);
});

test("an admin previews and imports a roster, and exports who may sit the exam", async () => {
  const page = office.page;
  const roster = join(server.data, "more.csv");
  writeFileSync(
    roster,
    "family name,first name,Legi number,e-mail,department,level,role\n" +
      "Lovelace,Ada,12-345-674,ada@example.org,D-INFK,MSc,student\n" +
      "Noether,Emmy,12-345-682,emmy@example.org,D-MATH,BSc,student\n" +
      "Curie,Marie,12-345-690,marie@example.org,D-PHYS,MSc,student\n" +
      "Grewe,Benjamin,,lecturer@example.org,D-ITET,,instructor\n",
  );
  await office.goes(`/admin/semesters/${SEMESTER}/roster`);
  await office.inspect();
  await page.setInputFiles("input[type=file]", roster);
  await page.click("form[action$='/preview'] button");
  await office.until("marie@example.org");
  const preview = await office.words();
  assert.match(preview, /BSc/, "the change of a level is shown before it is made");
  await page.click("form[action$='/import'] button");
  await office.until("Marie Curie");
  await office.goes(`/class/${SEMESTER}?q=curie`);
  await office.until("Curie, Marie");

  await office.goes(`/admin/semesters/${SEMESTER}/admissions`);
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.locator("a[href*='format=csv']").click(),
  ]);
  const exported = readFileSync(await download.path(), "utf8");
  for (const name of ["Curie", "Lovelace", "Noether"]) assert.match(exported, new RegExp(name));
});

/// Who looks at which address of a pattern; a page that stands under none fails the test.
const LOOKS = () => ({
  "/": [student, "/"],
  "/sign-in": [null, "/sign-in"],
  "/welcome/{secret}": [null, new URL(server.invitation("emmy@example.org")).pathname],
  "/semesters/{semester}": [student, `/semesters/${SEMESTER}`],
  "/semesters/{semester}/projects/{slug}": [student, `/semesters/${SEMESTER}/projects/lif`],
  "/submissions/{id}": [student, failed],
  "/submissions/{id}/files": [lecturer, `${failed}/files?comment=solution.py:3`],
  "/class/{semester}": [lecturer, `/class/${SEMESTER}`],
  "/class/{semester}/attention": [lecturer, `/class/${SEMESTER}/attention`],
  "/class/{semester}/extensions": [lecturer, `/class/${SEMESTER}/extensions`],
  "/class/{semester}/queue": [lecturer, `/class/${SEMESTER}/queue`],
  "/class/{semester}/regrades": [lecturer, `/class/${SEMESTER}/regrades?project=3`],
  "/regrades/{id}": [lecturer, regrade],
  "/class/{semester}/copies": [lecturer, `/class/${SEMESTER}/copies?project=3`],
  "/class/{semester}/questions": [lecturer, `/class/${SEMESTER}/questions?state=all`],
  "/class/{semester}/statistics": [lecturer, `/class/${SEMESTER}/statistics`],
  "/class/{semester}/students/{person}": [lecturer, new URL(lecturer.page.url()).pathname],
  "/admin": [office, "/admin"],
  "/admin/audit": [office, "/admin/audit"],
  "/admin/new-semester": [office, "/admin/new-semester?name=HS2031&first_lecture=2031-09-17&like=HS2026"],
  "/admin/people": [office, "/admin/people"],
  "/admin/queue": [office, "/admin/queue"],
  "/admin/semesters/{semester}": [office, `/admin/semesters/${SEMESTER}`],
  "/admin/semesters/{semester}/admissions": [office, `/admin/semesters/${SEMESTER}/admissions`],
  "/admin/semesters/{semester}/roster": [office, `/admin/semesters/${SEMESTER}/roster`],
  "/profile": [student, "/profile"],
});

/// What answers with no page: files, streams, figures for machines. And a pair of copies, for which two
/// students' work is needed: `tests/web_copies.rs` looks at it.
const NO_PAGES = [/^\/copies\//, /^\/static\//, /^\/api\//, /^\/(healthz|readyz|metrics)$/, /\/(live|archive)$/, /\/starter\/\{language\}$/];

function patterns() {
  const rows = readFileSync(join(ROOT, "tests/web_routes.rs"), "utf8").matchAll(/^ {4}\("GET", "([^"]+)", Body/gm);
  return [...rows].map(([, pattern]) => pattern).filter((one) => !NO_PAGES.some((no) => no.test(one)));
}

test("every page is valid, accessible in both themes, and fits a narrow screen", async () => {
  await studentsPage(lecturer, "lovelace");
  const looks = LOOKS();
  const stranger = await Visitor.of(browser, server);
  const all = patterns();
  assert.ok(all.length >= 16, "the rows are written in another way");
  for (const pattern of all) {
    assert.ok(looks[pattern], `nobody looks at ${pattern}`);
    const [who, path] = looks[pattern];
    const visitor = who ?? stranger;
    await visitor.goes(path);
    await visitor.inspect();
  }
  await stranger.leaves();
});

test("every page says the same with scripts off", async () => {
  for (const [pattern, [who, path]] of Object.entries(LOOKS())) {
    const plain = await Visitor.of(browser, server, {
      javaScriptEnabled: false,
      storageState: who ? await who.context.storageState() : undefined,
    });
    await plain.goes(path);
    const headings = (visitor) => visitor.page.locator("main :is(h1, h2)").allInnerTexts();
    const without = await headings(plain);
    assert.ok(without.length > 0, `${pattern} says nothing`);
    if (who) {
      await who.goes(path);
      assert.deepEqual(without, await headings(who), pattern);
    }
    await plain.leaves();
  }
});

test("an address that is not there, or is not one's own, says what to do", async () => {
  const other = await Visitor.of(browser, server);
  await other.accepts("emmy@example.org");
  for (const path of ["/nowhere", failed, `/class/${SEMESTER}`, "/admin"]) {
    const response = await other.page.goto(server.url + path);
    assert.equal(response.status(), 404, path);
    assert.match(await other.words(), /overview/i, path);
    await other.inspect();
  }
  // The browser itself writes each refusal into its console.
  other.faults = other.faults.filter((fault) => !fault.includes("404"));
  await other.leaves();
});

test("the admission list and a report go on paper without what is pressed", async () => {
  for (const [who, path] of [[office, `/admin/semesters/${SEMESTER}/admissions`], [student, failed]]) {
    await who.goes(path);
    await who.page.emulateMedia({ media: "print", colorScheme: "dark" });
    const seen = await who.page.evaluate(() => ({
      pressed: [...document.querySelectorAll("nav, form, button, .button")].filter((one) => one.offsetParent).length,
      headings: [...document.querySelectorAll("main :is(h1, h2)")].filter((one) => one.offsetParent).length,
      ground: getComputedStyle(document.body).backgroundColor,
      ink: getComputedStyle(document.body).color,
    }));
    const { headings, ...rest } = seen;
    assert.deepEqual(rest, { pressed: 0, ground: "rgb(255, 255, 255)", ink: "rgb(0, 0, 0)" }, path);
    assert.ok(headings > 0, path);
    const pdf = (await who.page.pdf({ preferCSSPageSize: true })).toString("latin1");
    const wide = /MediaBox \[0 0 84[12][.\d]* 59[45]/.test(pdf);
    assert.equal(wide, who === office, `${path} lies ${wide ? "across" : "upright"}`);
    await who.page.emulateMedia({ media: "screen", colorScheme: "light" });
  }
});

test("what pages are held to finds what is wrong with one", async () => {
  const visitor = await Visitor.of(browser, server);
  await visitor.goes("/sign-in");
  await visitor.page.evaluate(() => {
    document.querySelector("label[for=email]").remove();
    document.querySelector("main").style.minWidth = "400px";
    console.error("a complaint");
  });
  await visitor.inspect();
  const found = visitor.faults.join("\n");
  for (const fault of [/label/, /400 pixels wide|pixels wide at 320/, /a complaint/]) assert.match(found, fault);
});

test("nobody's browser complained or asked elsewhere", async () => {
  for (const visitor of [student, lecturer, office]) await visitor.leaves();
});

// The main pages of the demo semester as pictures: `node screenshots.mjs ADDRESS FOLDER`.
import { join } from "node:path";
import { launched } from "./browser.mjs";

const [, , address, folder] = process.argv;
const SEMESTER = "HS2026";
const PASSWORD = "seven projects, one testat";
const STUDENT = "ada.lovelace@example.org";
const LECTURER = "lecturer@example.org";
const OFFICE = "office@example.org";

/// Name of the picture, who looks, from where, and which link is followed, if any.
const PAGES = [
  ["01-sign-in", null, "/sign-in"],
  ["02-overview", STUDENT, `/semesters/${SEMESTER}`],
  ["03-project", STUDENT, `/semesters/${SEMESTER}/projects/snn`],
  ["04-submission-failed", STUDENT, `/semesters/${SEMESTER}/projects/feedback`, "#submissions ~ * a[href^='/submissions/'], a[href^='/submissions/']"],
  ["05-submission-passed", STUDENT, `/semesters/${SEMESTER}/projects/lif`, "a[href^='/submissions/']"],
  ["06-profile", STUDENT, "/profile"],
  ["07-class", LECTURER, `/class/${SEMESTER}`],
  ["08-class-names-hidden", LECTURER, `/class/${SEMESTER}?names=hidden`],
  ["09-statistics", LECTURER, `/class/${SEMESTER}/statistics`],
  ["10-student", LECTURER, `/class/${SEMESTER}?q=lovelace`, "tbody th a"],
  ["11-admissions", OFFICE, `/admin/semesters/${SEMESTER}/admissions`],
  ["12-administration", OFFICE, "/admin"],
  ["13-audit", OFFICE, "/admin/audit"],
  ["14-not-there", OFFICE, "/nowhere"],
];

async function signedIn(browser, email, options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  if (email) {
    await page.goto(`${address}/sign-in`);
    await page.fill("#email", email);
    await page.fill("#password", PASSWORD);
    await Promise.all([page.waitForURL((url) => url.pathname !== "/sign-in"), page.click("main button[type=submit]")]);
  }
  return page;
}

const browser = await launched();
for (const width of [1440, 390]) {
  for (const colorScheme of ["light", "dark"]) {
    const pages = new Map();
    for (const [name, who, path, link] of PAGES) {
      if (!pages.has(who)) {
        pages.set(who, await signedIn(browser, who, { viewport: { width, height: 900 }, colorScheme }));
      }
      const page = pages.get(who);
      await page.goto(address + path);
      if (link) {
        await page.goto(address + (await page.locator(link).first().getAttribute("href")));
      }
      await page.screenshot({ path: join(folder, `${name}-${width}-${colorScheme}.png`), fullPage: true });
    }
  }
}
await browser.close();
console.log(`${PAGES.length} pages, four pictures each, in ${folder}`);

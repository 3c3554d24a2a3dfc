// A server of its own for each walk: the real program, real graders, an empty data folder.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const SEMESTER = "HS2026";
const TESTAT = join(process.env.CARGO_TARGET_DIR ?? join(ROOT, "target"), "debug/testat");

const ROSTER = `family name,first name,Legi number,e-mail,department,level,role
Lovelace,Ada,12-345-674,ada@example.org,D-INFK,MSc,student
Noether,Emmy,12-345-682,emmy@example.org,D-MATH,MSc,student
Grewe,Benjamin,,lecturer@example.org,D-ITET,,instructor
`;

/// The day so many days before today, as `2026-09-16`.
function daysAgo(days) {
  return new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
}

/// Starts a server with a semester in its fifth week: projects 1 and 2 are past, 3 is open.
export async function started() {
  const data = mkdtempSync(join(tmpdir(), "testat-walk-"));
  const env = {
    ...process.env,
    TESTAT_DATA_DIR: data,
    TESTAT_BOX_DIR: join(data, "boxes"),
    TESTAT_LISTEN: "127.0.0.1:0",
    TESTAT_WORKERS: "1",
  };
  const testat = (...args) => execFileSync(TESTAT, args, { cwd: ROOT, env, encoding: "utf8" });
  testat("admin", "semester", "add", SEMESTER, "--first-lecture", daysAgo(35));
  const roster = join(data, "roster.csv");
  writeFileSync(roster, ROSTER);
  const printed = [
    testat("admin", "roster", "import", roster, "--semester", SEMESTER),
    testat("admin", "person", "add", "office@example.org", "--family", "Office", "--given", "Course", "--admin"),
  ].join("\n");
  const process_ = spawn(TESTAT, ["serve"], { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
  const log = [];
  process_.stderr.on("data", (bytes) => log.push(bytes));
  const url = await new Promise((resolve, reject) => {
    const lines = createInterface({ input: process_.stdout });
    lines.on("line", (line) => line.startsWith("Testat is at ") && resolve(line.split(" ").pop()));
    process_.on("exit", (code) => reject(new Error(`the server ended with ${code}\n${Buffer.concat(log)}`)));
  });
  const secret = (email) => {
    const line = printed.split("\n").find((one) => one.includes(email) && one.includes("/welcome/"));
    return (line ?? printed.split("\n").find((one) => one.includes("/welcome/"))).split("/welcome/")[1].trim();
  };
  return {
    url,
    data,
    testat,
    /// The one-time link with which a person sets their password.
    invitation: (email) => `${url}/welcome/${secret(email)}`,
    async stop() {
      process_.removeAllListeners("exit");
      const ended = new Promise((resolve) => process_.on("exit", resolve));
      process_.kill("SIGTERM");
      await ended;
      rmSync(data, { recursive: true });
    },
  };
}

"""Builds a Rust subject: /submission in, the executable to descriptor 3.

Runs inside the sandbox, where the student's own code (build scripts, procedural macros) runs beside
it, so nothing here protects anything; it only makes builds quick and errors clear. What to tell the
student goes to standard error; the exit code is 0 for built, 1 for the student's error.
"""

import json
import os
import shutil
import subprocess
import sys

SUBMISSION = "/submission"
CRATE = "/work/crate"
KIT = "/opt/kit"
CARGO = "/opt/rust/bin/cargo"

# What would change which compiler, crates or place we build with.
NOT_COPIED = {".cargo", "Cargo.lock", "rust-toolchain", "rust-toolchain.toml", "target"}

# Forced over whatever the student's manifest says: any other profile would build every dependency
# anew, which takes ten times as long. One unit is quicker both to build and to run than sixteen are.
PROFILE = {
    "opt-level": "3",
    "lto": "false",
    "codegen-units": "1",
    "debug": "false",
    "debug-assertions": "false",
    "overflow-checks": "false",
    "incremental": "false",
    "panic": '"unwind"',
    "strip": '"none"',
    "rpath": "false",
}


def fail(text: str) -> int:
    print(text, file=sys.stderr)
    return 1


def top_only(folder: str, names: list[str]) -> set[str]:
    return NOT_COPIED.intersection(names) if folder == SUBMISSION else set()


def cargo(log) -> subprocess.CompletedProcess:
    settings = [f"profile.release.{key}={value}" for key, value in PROFILE.items()]
    arguments = [CARGO, "build", "--release", "--offline", "--message-format=json-render-diagnostics"]
    for setting in settings:
        arguments += ["--config", setting]
    environment = {
        "PATH": "/opt/rust/bin:/usr/bin:/bin",
        "HOME": "/work",
        "TMPDIR": "/tmp",
        "LANG": "C.UTF-8",
        "CARGO_HOME": "/work/cargo",
        "CARGO_TARGET_DIR": "/work/target",
        "CARGO_TERM_COLOR": "never",
        "CARGO_TERM_QUIET": "true",
        "RUSTC": "/opt/rust/bin/rustc",
    }
    return subprocess.run(
        arguments, cwd=CRATE, env=environment, stdin=subprocess.DEVNULL, stdout=log, close_fds=True
    )


def executables(log) -> dict[str, str]:
    """Name to path of each binary that was built in the student's own tree."""
    found = {}
    for line in log:
        try:
            message = json.loads(line)
        except ValueError:
            continue
        if message.get("reason") != "compiler-artifact" or not message.get("executable"):
            continue
        target = message["target"]
        if target["kind"] == ["bin"] and target["src_path"].startswith(CRATE + "/"):
            found[target["name"]] = message["executable"]
    return found


def main() -> int:
    if not os.path.isfile(f"{SUBMISSION}/Cargo.toml"):
        return fail("There is no Cargo.toml at the top of the submission.")
    shutil.copytree(SUBMISSION, CRATE, ignore=top_only, copy_function=shutil.copyfile)
    os.mkdir("/work/cargo")
    shutil.copyfile(f"{KIT}/config.toml", "/work/cargo/config.toml")
    if os.path.exists(f"{KIT}/target.tar"):
        subprocess.run(["tar", "-C", "/work", "-xf", f"{KIT}/target.tar"], check=True)
    with open("/work/messages", "w+") as log:
        built = cargo(log)
        log.seek(0)
        found = executables(log)
    if built.returncode != 0:
        return fail(
            "The submission does not build: the compiler's messages are above. Building is offline: "
            "only the crates of the starter kit and what they need are there."
        )
    if not found:
        return fail("The package has no binary: it needs a src/main.rs.")
    if len(found) > 1:
        names = ", ".join(sorted(found))
        return fail(f"The package has {len(found)} binaries ({names}): it must have exactly one.")
    with open(found.popitem()[1], "rb") as program, os.fdopen(3, "wb") as out:
        shutil.copyfileobj(program, out, 1 << 20)
    return 0


if __name__ == "__main__":
    sys.exit(main())

//! `testat doctor`: what this host can enforce, what to do about the rest, and whether the sandbox
//! holds when it is attacked.

use std::process::ExitCode;

use crate::config::Config;
use crate::grading::self_attack::{self, Finding};
use crate::runtime::Runtime;
use crate::sandbox::{Capability, Sandbox, Settings};

use super::rig;

/// Prints every capability and every attack; fails when one is missing or was not held.
pub async fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let mut healthy = true;
    let mut findings = Vec::new();
    let mut say = |name: &str, ok: bool, detail: &str| {
        healthy &= ok;
        println!("{} {name}: {detail}", if ok { "ok     " } else { "MISSING" });
    };
    match Runtime::find(&config.runtime_dir, &rig::source()).await {
        Err(fault) => say("subjects' runtime", false, &fault.to_string()),
        Ok(runtime) => {
            say("subjects' runtime", true, runtime.id());
            // The attacks are our own programs: they may run where limits are weak.
            let settings =
                Settings { allow_weak: true, ..Settings::new(runtime.root().to_owned()) };
            match Sandbox::probe(&settings).await {
                Err(fault) => say("sandbox", false, &fault.to_string()),
                Ok(sandbox) => {
                    for Capability { name, ok, detail } in sandbox.capabilities() {
                        say(name, *ok, detail);
                    }
                    let attacks = self_attack::all(config.self_attacks.as_deref())?;
                    findings = self_attack::run(&sandbox, &runtime, &attacks).await.0;
                }
            }
        }
    }
    healthy &= show(&findings);
    if !healthy {
        println!(
            "\nWith something missing, the server does not grade other people's programs unless \
             allow_weak_limits is set."
        );
    }
    let mail = try_mail(config).await?;
    Ok(if healthy && mail { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether letters find their way out. Grading does not hang on it.
async fn try_mail(config: &Config) -> anyhow::Result<bool> {
    let post = super::serve::open_post(config, &config.base_url(config.listen))?;
    let way = post.try_way().await;
    match &way {
        Ok(how) => println!("ok      e-mail: {how}"),
        Err(why) => println!("MISSING e-mail: {why}"),
    }
    Ok(way.is_ok())
}

/// Whether all attacks were held, as far as this host can hold them.
fn show(findings: &[Finding]) -> bool {
    for Finding { name, held, detail, .. } in findings {
        let mark = match held {
            Some(true) => "held   ",
            Some(false) => "NOT HELD",
            None => "-      ",
        };
        println!("{mark} attack by {name}: {detail}");
    }
    findings.iter().all(|finding| finding.held != Some(false))
}

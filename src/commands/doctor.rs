//! `testat doctor`: what this host can enforce, and what to do about the rest.

use std::process::ExitCode;

use crate::config::Config;
use crate::runtime::Runtime;
use crate::sandbox::{Capability, Sandbox, Settings};

use super::rig;

/// Prints every capability; fails when one is missing.
pub async fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let mut healthy = true;
    let mut say = |name: &str, ok: bool, detail: &str| {
        healthy &= ok;
        println!("{} {name}: {detail}", if ok { "ok     " } else { "MISSING" });
    };
    match Runtime::find(&config.runtime_dir, &rig::source()).await {
        Err(fault) => say("subjects' runtime", false, &fault.to_string()),
        Ok(runtime) => {
            say("subjects' runtime", true, runtime.id());
            match Sandbox::probe(&Settings::new(runtime.root().to_owned())).await {
                Err(fault) => say("sandbox", false, &fault.to_string()),
                Ok(sandbox) => {
                    for Capability { name, ok, detail } in sandbox.capabilities() {
                        say(name, *ok, detail);
                    }
                }
            }
        }
    }
    if !healthy {
        println!(
            "\nWith something missing, the server does not grade other people's programs unless \
             allow_weak_limits is set."
        );
    }
    Ok(if healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

//! What a sandbox needs of its host, and whether this host has it: for `testat doctor` and the
//! admin page.

use std::path::Path;

use super::cgroup::Cgroups;
use super::{Capability, Settings};

/// How to get control groups, where there are none.
const DELEGATE: &str = "run testat as root, or in a systemd unit of its own with `Delegate=yes`";

/// What this host can enforce. All that is not listed here, [`super::Sandbox::probe`] has tried by
/// running a program.
pub(super) fn capabilities(
    settings: &Settings,
    bwrap: &Path,
    cgroups: &Cgroups,
    views: bool,
) -> Vec<Capability> {
    let root = rustix::process::geteuid().is_root();
    let mut list = vec![
        Capability {
            name: "isolation",
            ok: true,
            detail: format!(
                "namespaces by {}; system calls by allow-lists{}",
                bwrap.display(),
                if views { "; the host's paths hidden" } else { "" }
            ),
        },
        Capability {
            name: "a user for each program",
            // Without, they still see and signal nothing of each other.
            ok: true,
            detail: if root {
                let last = settings.slots_from + settings.slots.saturating_sub(1);
                format!("user ids {} to {last}", settings.slots_from)
            } else {
                "programs run as testat's own user; run testat as root to separate them".to_owned()
            },
        },
    ];
    let (groups, kind) = match cgroups {
        Cgroups::V2(_) => (true, "by control groups (version 2)".to_owned()),
        Cgroups::V1(_) => (true, "by control groups (version 1)".to_owned()),
        Cgroups::None(why) => (false, format!("no control groups ({why}): {DELEGATE}")),
    };
    for name in ["memory limit", "processor time limit", "process limit"] {
        list.push(Capability { name, ok: groups, detail: kind.clone() });
    }
    list
}

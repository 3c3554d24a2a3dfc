//! The state of the server as JSON, for admins.

use serde::Serialize;
use utoipa::ToSchema;

use super::shapes::time;
use crate::web::{HostNote, SelfAttack, SelfAttackState};

/// What this host enforces, and whether it holds.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HealthShape {
    /// Whether this process grades.
    grades: bool,
    /// Whether uploads are taken in.
    takes_uploads: bool,
    /// What this host can enforce.
    host: Vec<EnforcedShape>,
    self_attack: SelfAttackShape,
}

/// One limit.
#[derive(Debug, Serialize, ToSchema)]
struct EnforcedShape {
    name: String,
    enforced: bool,
    /// How, or why not.
    detail: String,
}

/// What came of the server's attacks on itself.
#[derive(Debug, Serialize, ToSchema)]
struct SelfAttackShape {
    /// `not_run`, `running`, `held` or `got_through`.
    state: String,
    /// When that was found.
    #[schema(format = DateTime)]
    at: Option<String>,
    attacks: Vec<AttackShape>,
}

/// One attack.
#[derive(Debug, Serialize, ToSchema)]
struct AttackShape {
    name: String,
    /// What it tried.
    tries: String,
    /// None where the host can't enforce what it needs.
    held: Option<bool>,
    /// How, or why not.
    detail: String,
}

impl HealthShape {
    pub(super) fn of(host: &[HostNote], grades: bool, found: SelfAttack) -> Self {
        let limits = host.iter().map(|note| EnforcedShape {
            name: note.name.clone(),
            enforced: note.ok,
            detail: note.detail.clone(),
        });
        let attacks = found.attacks.into_iter().map(|attack| AttackShape {
            name: attack.name,
            tries: attack.tries,
            held: attack.held,
            detail: attack.detail,
        });
        Self {
            grades,
            takes_uploads: found.state != SelfAttackState::GotThrough,
            host: limits.collect(),
            self_attack: SelfAttackShape {
                state: in_a_word(found.state).to_owned(),
                at: found.at.map(time),
                attacks: attacks.collect(),
            },
        }
    }
}

fn in_a_word(state: SelfAttackState) -> &'static str {
    match state {
        SelfAttackState::NotRun => "not_run",
        SelfAttackState::Running => "running",
        SelfAttackState::Held => "held",
        SelfAttackState::GotThrough => "got_through",
    }
}

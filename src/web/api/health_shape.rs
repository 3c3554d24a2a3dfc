//! The state of the server as JSON, for admins.

use serde::Serialize;
use utoipa::ToSchema;

use super::shapes::time;
use crate::web::{AttackNote, HostNote, SelfAttack, SelfAttackState};

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
    state: SelfAttackState,
    /// When that was found.
    #[schema(format = DateTime)]
    at: Option<String>,
    attacks: Vec<AttackNote>,
}

impl HealthShape {
    pub(super) fn of(host: &[HostNote], grades: bool, found: SelfAttack) -> Self {
        let limits = host.iter().map(|note| EnforcedShape {
            name: note.name.clone(),
            enforced: note.ok,
            detail: note.detail.clone(),
        });
        Self {
            grades,
            takes_uploads: found.state.takes_uploads(),
            host: limits.collect(),
            self_attack: SelfAttackShape {
                state: found.state,
                at: found.at.map(time),
                attacks: found.attacks,
            },
        }
    }
}

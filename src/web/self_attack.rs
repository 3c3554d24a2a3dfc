//! What came of the server's attacks on itself, and what follows while one succeeds.

use super::State;
use super::error::{Error, Result};
use crate::clock::Millis;

/// How safe the sandbox was last found.
#[derive(Clone, Debug, serde::Serialize)]
pub struct SelfAttack {
    /// In one word.
    pub state: SelfAttackState,
    /// When that was found.
    pub at: Option<Millis>,
    /// Attack by attack.
    pub attacks: Vec<AttackNote>,
}

/// The same in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SelfAttackState {
    /// No host has told of any yet.
    NotRun,
    /// For the first time, now.
    Running,
    /// No attack succeeded.
    Held,
    /// At least one did.
    GotThrough,
}

/// One attack.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct AttackNote {
    /// Its name.
    pub name: String,
    /// What it tried.
    pub tries: String,
    /// Whether it was held; none where the host can't enforce what it needs, and its owner has
    /// accepted that.
    pub held: Option<bool>,
    /// How, or why not.
    pub detail: String,
}

impl SelfAttackState {
    /// Whether uploads are taken in. At the start, before it is known, they are: they wait in the
    /// queue.
    pub(super) fn takes_uploads(self) -> bool {
        self != Self::GotThrough
    }
}

impl State {
    /// Takes nothing in while a program could get out of the sandbox.
    pub(super) fn is_safe(&self) -> Result<()> {
        if self.self_attack.borrow().state.takes_uploads() {
            return Ok(());
        }
        Err(Error::Unavailable(
            "Nothing can be handed in at the moment: a check of the server's own found that it can't \
             grade programs safely. The people who run it see this on their page; please try again \
             later, and write to them if a deadline is near."
                .to_owned(),
        ))
    }
}

//! Passwords: hashed with Argon2id off the async threads, few at a time, and at the same cost
//! whether or not there is such an account.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::{Error, Result};

/// OWASP's password storage cheat sheet, Argon2id: 19 MiB of memory, 2 passes, 1 lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Each takes 19 MiB and a core for some 20 ms: a flood of sign-ins must not take all.
const AT_ONCE: usize = 2;

/// A place among the few who are served at once.
///
/// Whoever guesses waits for one before the failures so far are looked at: a thousand guesses sent
/// together would otherwise all be tried before the first of them is counted.
#[derive(Clone, Debug)]
pub(super) struct Turn {
    _held: Arc<OwnedSemaphorePermit>,
}

/// Hashes and verifies.
#[derive(Clone, Debug)]
pub(super) struct Passwords {
    turns: Arc<Semaphore>,
    /// The hash of nothing anyone knows, to verify against where there is no account.
    nobody: Arc<str>,
}

impl Passwords {
    pub(super) fn new() -> Result<Self> {
        let nobody = hash_now(&crate::secret::fresh().text)?;
        Ok(Self { turns: Arc::new(Semaphore::new(AT_ONCE)), nobody: nobody.into() })
    }

    /// Waits for a place.
    pub(super) async fn turn(&self) -> Result<Turn> {
        let permit = self.turns.clone().acquire_owned().await;
        let permit = permit.map_err(|closed| Error::Fault(Box::new(closed)))?;
        Ok(Turn { _held: Arc::new(permit) })
    }

    /// The hash of a new password, in PHC form.
    pub(super) async fn hash(&self, turn: &Turn, password: String) -> Result<String> {
        off_thread(turn, move || hash_now(&password)).await?
    }

    /// Whether the password is the one that was hashed; never for nobody, at the same cost.
    pub(super) async fn verify(
        &self,
        turn: &Turn,
        password: String,
        hash: Option<String>,
    ) -> Result<bool> {
        let exists = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.nobody.to_string());
        let same = off_thread(turn, move || verify_now(&password, &hash)).await??;
        Ok(same && exists)
    }
}

/// The turn is held until the work is done, even if nobody waits for it any more.
async fn off_thread<T: Send + 'static>(
    turn: &Turn,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    let turn = turn.clone();
    let done = tokio::task::spawn_blocking(move || {
        let done = work();
        drop(turn);
        done
    });
    done.await.map_err(|stopped| Error::Fault(Box::new(stopped)))
}

fn argon2() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)
        .map_err(|e| Error::Fault(e.to_string().into()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// The hash of a password, on this thread: for the command line.
///
/// # Errors
/// The hash could not be made.
pub fn hash_now(password: &str) -> Result<String> {
    let hash = argon2()?
        .hash_password(password.as_bytes())
        .map_err(|e| Error::Fault(e.to_string().into()))?;
    Ok(hash.to_string())
}

fn verify_now(password: &str, hash: &str) -> Result<bool> {
    let parsed = PasswordHash::new(hash).map_err(|e| Error::Fault(e.to_string().into()))?;
    Ok(argon2()?.verify_password(password.as_bytes(), &parsed).is_ok())
}

//! What the command line does, one file a command.

use anyhow::Context;

use crate::config::Config;
use crate::store::Db;

pub mod admin;
pub mod demo;
pub mod doctor;
pub mod grade;
pub mod graders;
pub mod rig;
pub mod runtime;
pub mod self_attack;
pub mod serve;
pub mod starter;

/// The store, its data folder made and its tables up to date.
pub async fn open_store(config: &Config) -> anyhow::Result<Db> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&config.data_dir)
        .with_context(|| config.data_dir.display().to_string())?;
    let db = Db::connect(config.database_url.reveal()).await.context("opening the database")?;
    db.migrate().await.context("bringing the database up to date")?;
    Ok(db)
}

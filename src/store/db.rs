//! A database of either kind behind four verbs: `one`, `opt`, `all`, `run`.

use std::str::FromStr;
use std::time::Duration;

use futures_util::TryStreamExt;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgRow};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{FromRow, PgPool, Postgres, SqlSafeStr, Sqlite, SqlitePool, Transaction};

use super::arg::Arg;
use crate::course::Digest;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

/// SHA-256 over all migrations of this program: the same on two databases with the same tables.
pub fn schema() -> Digest {
    let all: Vec<u8> = MIGRATIONS.iter().flat_map(|one| one.checksum.to_vec()).collect();
    Digest::of(&all)
}

/// How long a writer waits for another process's writer, and anyone for a free connection.
const PATIENCE: Duration = Duration::from_secs(15);

/// The store could not do its work: our fault, never the person's.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database's address is of no known kind; it may hold a password, so it is not repeated.
    #[error("the database's URL must start with sqlite: (and name a file) or postgres://")]
    Url,
    /// No connection.
    #[error("cannot open the database")]
    Connect(#[source] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("cannot bring the database up to date")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// A statement failed.
    #[error("the database failed a statement")]
    Statement(#[source] sqlx::Error),
    /// Something stored breaks a rule that it was stored under.
    #[error("the database holds {0}")]
    Corrupt(String),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Statement(error)
    }
}

impl Error {
    fn database(&self) -> Option<&dyn sqlx::error::DatabaseError> {
        match self {
            Self::Statement(error) | Self::Connect(error) => error.as_database_error(),
            _ => None,
        }
    }
    /// Whether it may well work a little later: the database is locked, away, starting or full.
    pub fn passes(&self) -> bool {
        match self {
            Self::Connect(_) => true,
            Self::Statement(error) => match error {
                sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut => true,
                sqlx::Error::Database(error) => error.code().is_some_and(|code| passing(&code)),
                _ => false,
            },
            Self::Url | Self::Migrate(_) | Self::Corrupt(_) => false,
        }
    }
    /// Whether something was to be stored twice that may be there once.
    pub(super) fn is_twice(&self) -> bool {
        self.database().is_some_and(|error| error.is_unique_violation())
    }
    /// Whether something was to be stored for a thing that isn't there.
    pub(super) fn is_dangling(&self) -> bool {
        self.database().is_some_and(|error| error.is_foreign_key_violation())
    }
}

/// PostgreSQL's codes have five characters, of which the first two are the class: 08 connection, 53
/// resources (53100 the disk), 57P the server is going down or coming up. SQLite's have fewer, and
/// the primary code in the lowest byte: 5 busy, 6 locked, 10 input or output, 13 full.
fn passing(code: &str) -> bool {
    if code.len() == 5 {
        return ["08", "53", "57P"].iter().any(|class| code.starts_with(class));
    }
    code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 10 | 13))
}

/// What can be read out of a row of either engine.
pub(super) trait Row:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}
impl<T> Row for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{}

/// The server's database. Cheap to clone: clones share the connections.
#[derive(Clone, Debug)]
pub enum Db {
    /// One file.
    Sqlite {
        /// The one connection that writes.
        write: SqlitePool,
        /// Connections that only read, and refuse to write.
        read: SqlitePool,
    },
    /// A PostgreSQL server.
    Postgres(PgPool),
}

/// Everything in it happens, or nothing; dropped before its commit, nothing.
#[derive(Debug)]
pub enum Tx {
    /// On SQLite, holding the write lock from the start.
    Sqlite(Transaction<'static, Sqlite>),
    /// On PostgreSQL, at read committed.
    Postgres(Transaction<'static, Postgres>),
}

/// Binds the values of a query, whichever engine's it is.
macro_rules! bound {
    ($query:expr, $args:expr) => {{
        let mut query = $query;
        for arg in $args {
            query = match arg {
                Arg::Text(value) => query.bind(value),
                Arg::Int(value) => query.bind(value),
                Arg::Bool(value) => query.bind(value),
            };
        }
        query
    }};
}

impl Db {
    /// Opens the database at `sqlite:PATH` (created if missing) or `postgres://...`.
    ///
    /// SQLite is opened with a write-ahead log, `synchronous=FULL` (what is committed survives a power
    /// cut) and foreign keys on.
    ///
    /// # Errors
    /// When the URL is of no known kind, or nothing answers there.
    pub async fn connect(url: &str) -> Result<Self, Error> {
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            let options = PgConnectOptions::from_str(url).map_err(|_| Error::Url)?;
            let pool = PgPoolOptions::new().max_connections(12).acquire_timeout(PATIENCE);
            return pool.connect_with(options).await.map(Self::Postgres).map_err(Error::Connect);
        }
        if !url.starts_with("sqlite:") || url.contains(":memory:") || url.contains("mode=memory") {
            return Err(Error::Url);
        }
        let options = SqliteConnectOptions::from_str(url)
            .map_err(|_| Error::Url)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(PATIENCE);
        let one = SqlitePoolOptions::new().max_connections(1).acquire_timeout(PATIENCE);
        let write = one.connect_with(options.clone()).await.map_err(Error::Connect)?;
        let few = SqlitePoolOptions::new().max_connections(4).acquire_timeout(PATIENCE);
        let read =
            few.connect_with(options.pragma("query_only", "ON")).await.map_err(Error::Connect)?;
        Ok(Self::Sqlite { write, read })
    }

    /// Brings the schema up to date; does nothing when it is.
    ///
    /// # Errors
    /// When a migration fails, or one that ran before has changed since.
    pub async fn migrate(&self) -> Result<(), Error> {
        match self {
            Self::Sqlite { write, .. } => MIGRATIONS.run(write).await?,
            Self::Postgres(pool) => MIGRATIONS.run(pool).await?,
        }
        Ok(())
    }

    /// Answers once the database does.
    ///
    /// # Errors
    /// When it doesn't, or its schema is missing.
    pub async fn ping(&self) -> Result<(), Error> {
        let _: (i64,) = self.one("SELECT seq FROM audit_head", vec![]).await?;
        Ok(())
    }

    /// Closes all connections, and with SQLite folds the write-ahead log into the file.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { write, read } => {
                read.close().await;
                write.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }

    /// What keeps a claim from waiting for another's: only PostgreSQL has several writers at once.
    pub(super) fn skip_locked(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => "",
            Self::Postgres(_) => "FOR UPDATE SKIP LOCKED",
        }
    }

    /// Begins a transaction; on SQLite it holds the write lock at once, so that it can't fail half-way
    /// for want of it.
    pub(super) async fn begin(&self) -> Result<Tx, Error> {
        Ok(match self {
            Self::Sqlite { write, .. } => Tx::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// Begins a transaction that only reads and sees one moment of the database, however long it takes
    /// and whatever is written meanwhile.
    pub(super) async fn snapshot(&self) -> Result<Tx, Error> {
        const ONE_MOMENT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        Ok(match self {
            Self::Sqlite { read, .. } => Tx::Sqlite(read.begin_with("BEGIN DEFERRED").await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin_with(ONE_MOMENT).await?),
        })
    }

    /// The one row; an error if there is none.
    pub(super) async fn one<T: Row>(
        &self,
        sql: impl SqlSafeStr,
        args: Vec<Arg>,
    ) -> Result<T, Error> {
        self.opt(sql, args).await?.ok_or(Error::Statement(sqlx::Error::RowNotFound))
    }

    /// The first row, if any.
    pub(super) async fn opt<T: Row>(
        &self,
        sql: impl SqlSafeStr,
        args: Vec<Arg>,
    ) -> Result<Option<T>, Error> {
        Ok(match self {
            Self::Sqlite { read, .. } => {
                bound!(sqlx::query_as::<Sqlite, T>(sql), args).fetch_optional(read).await?
            }
            Self::Postgres(pool) => {
                bound!(sqlx::query_as::<Postgres, T>(sql), args).fetch_optional(pool).await?
            }
        })
    }

    /// All rows.
    pub(super) async fn all<T: Row>(
        &self,
        sql: impl SqlSafeStr,
        args: Vec<Arg>,
    ) -> Result<Vec<T>, Error> {
        Ok(match self {
            Self::Sqlite { read, .. } => {
                bound!(sqlx::query_as::<Sqlite, T>(sql), args).fetch_all(read).await?
            }
            Self::Postgres(pool) => {
                bound!(sqlx::query_as::<Postgres, T>(sql), args).fetch_all(pool).await?
            }
        })
    }

    /// Changes rows, as a transaction of its own; says how many.
    pub(super) async fn run(&self, sql: impl SqlSafeStr, args: Vec<Arg>) -> Result<u64, Error> {
        Ok(match self {
            Self::Sqlite { write, .. } => {
                bound!(sqlx::query::<Sqlite>(sql), args).execute(write).await?.rows_affected()
            }
            Self::Postgres(pool) => {
                bound!(sqlx::query::<Postgres>(sql), args).execute(pool).await?.rows_affected()
            }
        })
    }
}

impl Tx {
    /// Makes it all happen.
    pub(super) async fn commit(self) -> Result<(), Error> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }

    /// The one row; an error if there is none.
    pub(super) async fn one<T: Row>(
        &mut self,
        sql: impl SqlSafeStr,
        args: Vec<Arg>,
    ) -> Result<T, Error> {
        self.opt(sql, args).await?.ok_or(Error::Statement(sqlx::Error::RowNotFound))
    }

    /// The first row, if any.
    pub(super) async fn opt<T: Row>(
        &mut self,
        sql: impl SqlSafeStr,
        args: Vec<Arg>,
    ) -> Result<Option<T>, Error> {
        Ok(match self {
            Self::Sqlite(tx) => {
                bound!(sqlx::query_as::<Sqlite, T>(sql), args).fetch_optional(&mut **tx).await?
            }
            Self::Postgres(tx) => {
                bound!(sqlx::query_as::<Postgres, T>(sql), args).fetch_optional(&mut **tx).await?
            }
        })
    }

    /// All rows.
    pub(super) async fn all<T: Row>(
        &mut self,
        sql: impl SqlSafeStr,
        args: Vec<Arg>,
    ) -> Result<Vec<T>, Error> {
        Ok(match self {
            Self::Sqlite(tx) => {
                bound!(sqlx::query_as::<Sqlite, T>(sql), args).fetch_all(&mut **tx).await?
            }
            Self::Postgres(tx) => {
                bound!(sqlx::query_as::<Postgres, T>(sql), args).fetch_all(&mut **tx).await?
            }
        })
    }

    /// Hands over row after row, so that a large table need not fit into memory.
    pub(super) async fn each<T: Row, E: From<Error>>(
        &mut self,
        sql: impl SqlSafeStr,
        mut take: impl FnMut(T) -> Result<(), E>,
    ) -> Result<(), E> {
        match self {
            Self::Sqlite(tx) => {
                let mut rows = sqlx::query_as::<Sqlite, T>(sql).fetch(&mut **tx);
                while let Some(row) = rows.try_next().await.map_err(Error::from)? {
                    take(row)?;
                }
            }
            Self::Postgres(tx) => {
                let mut rows = sqlx::query_as::<Postgres, T>(sql).fetch(&mut **tx);
                while let Some(row) = rows.try_next().await.map_err(Error::from)? {
                    take(row)?;
                }
            }
        }
        Ok(())
    }

    /// Changes rows; says how many.
    pub(super) async fn run(&mut self, sql: impl SqlSafeStr, args: Vec<Arg>) -> Result<u64, Error> {
        Ok(match self {
            Self::Sqlite(tx) => {
                bound!(sqlx::query::<Sqlite>(sql), args).execute(&mut **tx).await?.rows_affected()
            }
            Self::Postgres(tx) => {
                bound!(sqlx::query::<Postgres>(sql), args).execute(&mut **tx).await?.rows_affected()
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::passing;

    #[test]
    fn what_passes_is_told_from_what_is_wrong() {
        // Busy, a busy snapshot, locked, a failed read, full; then of PostgreSQL.
        for code in ["5", "517", "6", "266", "13", "08006", "53100", "53300", "57P01", "57P03"] {
            assert!(passing(code), "{code}");
        }
        // Constraints, and 23562, whose lowest byte would be SQLite's 10.
        for code in ["1", "19", "787", "2067", "23505", "23562", "42601", "57014", ""] {
            assert!(!passing(code), "{code}");
        }
    }
}

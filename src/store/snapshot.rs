//! All rows of one moment, table by table, and their way into an empty database of either engine.
//!
//! A row is a JSON object by column, absent values left out. Which columns there are, only the schema
//! says: a row goes back only into a database with the same [`super::schema`].

use serde_json::{Map, Value};
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Column, FromRow, Row, TypeInfo};

use super::arg::Arg;
use super::audit::{self, Entry};
use super::{Db, Error, Tx};
use crate::course::Digest;

/// A table, and what its rows are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    order: &'static str,
}

/// Every table whose rows are kept, each after those that it names rows of.
pub const TABLES: [Table; 26] = [
    Table { name: "people", order: "id" },
    Table { name: "sessions", order: "secret_hash" },
    Table { name: "tokens", order: "id" },
    Table { name: "invitations", order: "secret_hash" },
    Table { name: "semesters", order: "name" },
    Table { name: "projects", order: "semester, number" },
    Table { name: "enrolments", order: "id" },
    Table { name: "extensions", order: "id" },
    Table { name: "submissions", order: "id" },
    Table { name: "regrades", order: "id" },
    Table { name: "gradings", order: "id" },
    Table { name: "reports", order: "grading" },
    Table { name: "overrides", order: "id" },
    Table { name: "acceptances", order: "id" },
    Table { name: "excuses", order: "id" },
    Table { name: "pauses", order: "id" },
    Table { name: "questions", order: "id" },
    Table { name: "question_messages", order: "id" },
    Table { name: "outbox", order: "id" },
    Table { name: "mail_off", order: "person, kind" },
    Table { name: "line_comments", order: "id" },
    Table { name: "copy_runs", order: "id" },
    Table { name: "copy_pairs", order: "id" },
    Table { name: "copy_reviews", order: "id" },
    Table { name: "audit", order: "seq" },
    Table { name: HEAD, order: "id" },
];

/// Tables of which nothing is kept: failed sign-ins only matter for a quarter of an hour, and what a host
/// found about itself only while it runs.
pub const NOT_KEPT: [&str; 2] = ["sign_in_failures", "self_attacks"];

/// Has one row from the beginning.
const HEAD: &str = "audit_head";

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record(pub Map<String, Value>);

/// The types that the schema has, by the names that the engines have for them.
macro_rules! record_from {
    ($row:ty) => {
        impl FromRow<'_, $row> for Record {
            fn from_row(row: &$row) -> Result<Self, sqlx::Error> {
                let mut record = Map::new();
                for (place, column) in row.columns().iter().enumerate() {
                    let value = match column.type_info().name() {
                        "TEXT" => row.try_get::<Option<String>, _>(place)?.map(Value::from),
                        "BOOLEAN" | "BOOL" => {
                            row.try_get::<Option<bool>, _>(place)?.map(Value::from)
                        }
                        _ => row.try_get::<Option<i64>, _>(place)?.map(Value::from),
                    };
                    if let Some(value) = value {
                        record.insert(column.name().to_owned(), value);
                    }
                }
                Ok(Self(record))
            }
        }
    };
}
record_from!(SqliteRow);
record_from!(PgRow);

/// An archive that submissions name.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Archive {
    /// Of its bytes.
    pub digest: Digest,
    /// How many bytes it should have.
    pub size: i64,
    /// One of the submissions that name it.
    pub submission: String,
}

/// One moment of the database, to be read.
#[derive(Debug)]
pub struct Snapshot(Tx);

impl Snapshot {
    /// The present moment, from the first reading on.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn begin(db: &Db) -> Result<Self, Error> {
        Ok(Self(db.snapshot().await?))
    }

    /// Hands over all rows of a table in order.
    ///
    /// # Errors
    /// When they can't be read, or `take` fails.
    pub async fn rows<E: From<Error>>(
        &mut self,
        table: Table,
        take: impl FnMut(Record) -> Result<(), E>,
    ) -> Result<(), E> {
        let Table { name, order } = table;
        self.0
            .each(sqlx::AssertSqlSafe(format!("SELECT * FROM {name} ORDER BY {order}")), take)
            .await
    }

    /// Every archive that a submission names, each once.
    ///
    /// # Errors
    /// When they can't be read.
    pub async fn archives(&mut self) -> Result<Vec<Archive>, Error> {
        archives(&mut self.0).await
    }
}

pub(super) async fn archives(tx: &mut Tx) -> Result<Vec<Archive>, Error> {
    tx.all(
        "SELECT digest, size, MIN(id) AS submission FROM submissions
         GROUP BY digest, size ORDER BY digest, size",
        vec![],
    )
    .await
}

/// A database was not filled.
#[derive(Debug, thiserror::Error)]
pub enum FillError {
    /// Something is there.
    #[error("the database is not empty: the table `{table}` has {rows} rows")]
    Occupied {
        /// The first table that has rows.
        table: &'static str,
        /// How many.
        rows: i64,
    },
    /// The rows don't fit the tables.
    #[error("a row of `{table}` can't be taken in: {why}")]
    Misshapen {
        /// Which table.
        table: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// Our fault.
    #[error(transparent)]
    Store(#[from] Error),
}

/// Refuses a database in which anything was ever stored.
///
/// # Errors
/// [`FillError::Occupied`], or it can't be read.
pub async fn must_be_empty(db: &Db) -> Result<(), FillError> {
    nothing_in(&mut db.snapshot().await?).await
}

async fn nothing_in(tx: &mut Tx) -> Result<(), FillError> {
    for Table { name, .. } in TABLES.into_iter().filter(|table| table.name != HEAD) {
        let sql = format!("SELECT COUNT(*) FROM {name}");
        let (rows,): (i64,) = tx.one(sqlx::AssertSqlSafe(sql), vec![]).await?;
        if rows > 0 {
            return Err(FillError::Occupied { table: name, rows });
        }
    }
    Ok(())
}

/// An empty database that is being filled, in one transaction: dropped, it stays empty.
#[derive(Debug)]
pub struct Filling(Tx);

impl Filling {
    /// Begins; the tables must have been made.
    ///
    /// # Errors
    /// When something is there already, or the database fails.
    pub async fn begin(db: &Db) -> Result<Self, FillError> {
        let mut tx = db.begin().await?;
        nothing_in(&mut tx).await?;
        tx.run("DELETE FROM audit_head", vec![]).await?;
        Ok(Self(tx))
    }

    /// Adds a row; tables come in the order of [`TABLES`].
    ///
    /// # Errors
    /// When it does not fit: a column that is not there, a reference to nothing.
    pub async fn put(&mut self, table: Table, record: Record) -> Result<(), FillError> {
        let misshapen = |why: String| FillError::Misshapen { table: table.name, why };
        let (mut columns, mut places, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for (column, value) in record.0 {
            // It becomes part of the statement, and comes from a file.
            if column.is_empty() || !column.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') {
                return Err(misshapen(format!("`{column}` is no name of a column")));
            }
            let value =
                argument(value).ok_or_else(|| misshapen(format!("the value of `{column}`")))?;
            columns.push(column);
            values.push(value);
            places.push(format!("${}", values.len()));
        }
        let sql = format!(
            "INSERT INTO {} ({}) VALUES ({})",
            table.name,
            columns.join(", "),
            places.join(", ")
        );
        match self.0.run(sqlx::AssertSqlSafe(sql), values).await {
            Ok(_) => Ok(()),
            Err(Error::Statement(refused)) => Err(misshapen(refused.to_string())),
            Err(other) => Err(other.into()),
        }
    }

    /// Makes it all happen, with a line in the log that says so.
    ///
    /// # Errors
    /// When the database fails: it is empty then.
    pub async fn end(mut self, entry: Entry<'_>) -> Result<(), FillError> {
        audit::append(&mut self.0, entry).await?;
        Ok(self.0.commit().await?)
    }
}

fn argument(value: Value) -> Option<Arg> {
    match value {
        Value::String(text) => Some(Arg::from(text)),
        Value::Number(number) => number.as_i64().map(Arg::from),
        Value::Bool(truth) => Some(Arg::from(truth)),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

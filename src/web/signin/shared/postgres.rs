//! A shared store in PostgreSQL.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sqlx::PgPool;

use super::{LONGEST, SharedEntry, SharedStore};
use crate::BoxFuture;
use crate::error::{Error, Result, unavailable};

/// One of so many writes also removes what has expired.
const CLEANS: u32 = 256;

// Two processes that start at once would both create the table: the lock makes them take turns.
const MIGRATION: &str = "
SELECT pg_advisory_xact_lock(7811903242291);
CREATE TABLE IF NOT EXISTS keycloak_kit_sign_in (
    key text PRIMARY KEY,
    version bigint NOT NULL,
    value bytea NOT NULL,
    expires timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS keycloak_kit_sign_in_expires ON keycloak_kit_sign_in (expires);
";

const LOAD: &str = "SELECT key, version, value FROM keycloak_kit_sign_in \
    WHERE key = ANY($1) AND expires > now()";

const INSERT: &str = "INSERT INTO keycloak_kit_sign_in (key, version, value, expires) \
    VALUES ($1, $2, $3, now() + make_interval(secs => $4)) \
    ON CONFLICT (key) DO UPDATE SET version = EXCLUDED.version, value = EXCLUDED.value, \
    expires = EXCLUDED.expires WHERE keycloak_kit_sign_in.expires <= now()";

const UPDATE: &str = "UPDATE keycloak_kit_sign_in \
    SET version = $2, value = $3, expires = now() + make_interval(secs => $4) \
    WHERE key = $1 AND version = $5 AND expires > now()";

const DELETE: &str = "DELETE FROM keycloak_kit_sign_in \
    WHERE key = $1 AND version = $2 AND expires > now()";

const CLEAN: &str = "DELETE FROM keycloak_kit_sign_in WHERE expires <= now()";

/// A [`SharedStore`] in the table `keycloak_kit_sign_in` of a PostgreSQL database, on the
/// application's own pool of sqlx 0.8. Cheap to clone.
///
/// ```no_run
/// # async fn show(pool: sqlx::PgPool, oidc: keycloak_kit::oidc::Oidc) -> keycloak_kit::Result<()> {
/// use keycloak_kit::web::{PostgresStore, SessionKeys, SignIn};
///
/// let store = PostgresStore::new(pool);
/// store.migrate().await?;
/// let signin = SignIn::new(oidc)
///     .base_url("https://app.example")
///     .keys(SessionKeys::from_env("SESSION_KEYS")?)
///     .shared(store)
///     .build()?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct PostgresStore {
    pool: PgPool,
    writes: Arc<AtomicU32>,
}

impl PostgresStore {
    /// Makes a store on a pool.
    #[must_use]
    pub fn new(pool: PgPool) -> Self {
        Self {
            pool,
            writes: Arc::default(),
        }
    }

    /// Creates the table, where it is missing. Several processes can do so at once.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) if the
    /// database cannot be reached or refuses it.
    pub async fn migrate(&self) -> Result<()> {
        let made = sqlx::raw_sql(MIGRATION).execute(&self.pool).await;
        made.map(|_| ()).map_err(failed)
    }

    /// Removes what has expired, and returns how many entries that were. The store does so itself at
    /// times.
    ///
    /// # Errors
    ///
    /// Same as [`migrate`](Self::migrate).
    pub async fn remove_expired(&self) -> Result<u64> {
        let removed = sqlx::query(CLEAN).execute(&self.pool).await;
        removed.map(|done| done.rows_affected()).map_err(failed)
    }
}

impl SharedStore for PostgresStore {
    fn load<'a>(&'a self, keys: &'a [String]) -> BoxFuture<'a, Result<Vec<Option<SharedEntry>>>> {
        Box::pin(async move {
            let rows: Vec<(String, i64, Vec<u8>)> = sqlx::query_as(LOAD)
                .bind(keys)
                .fetch_all(&self.pool)
                .await
                .map_err(failed)?;
            let find = |key: &String| {
                let (_, version, value) = rows.iter().find(|(found, ..)| found == key)?;
                Some(SharedEntry::new(version.cast_unsigned(), value.clone()))
            };
            Ok(keys.iter().map(find).collect())
        })
    }

    fn compare_and_swap<'a>(
        &'a self,
        key: &'a str,
        expected: Option<u64>,
        entry: Option<SharedEntry>,
        keep: Duration,
    ) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async move {
            let keep = keep.min(LONGEST).as_secs_f64();
            let expected = expected.map(u64::cast_signed);
            let query = match (&entry, expected) {
                (Some(entry), None) => sqlx::query(INSERT)
                    .bind(key)
                    .bind(entry.version().cast_signed())
                    .bind(entry.value())
                    .bind(keep),
                (Some(entry), Some(expected)) => sqlx::query(UPDATE)
                    .bind(key)
                    .bind(entry.version().cast_signed())
                    .bind(entry.value())
                    .bind(keep)
                    .bind(expected),
                (None, Some(expected)) => sqlx::query(DELETE).bind(key).bind(expected),
                (None, None) => {
                    let found = self.load(&[key.to_owned()]).await?;
                    return Ok(found.iter().all(Option::is_none));
                }
            };
            let done = query.execute(&self.pool).await.map_err(failed)?;
            if self.writes.fetch_add(1, Ordering::Relaxed) % CLEANS == CLEANS - 1 {
                self.remove_expired().await?;
            }
            Ok(done.rows_affected() == 1)
        })
    }
}

fn failed(error: sqlx::Error) -> Error {
    unavailable("the shared store in PostgreSQL has failed", None).with_source(error)
}

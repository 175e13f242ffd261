//! A shared store in Redis.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use fred::interfaces::ClientLike;
use fred::types::{ClusterHash, CustomCommand, Value};

use super::{LONGEST, SharedEntry, SharedStore};
use crate::BoxFuture;
use crate::error::{Error, Result, unavailable};

// Without an entry HGET gives `false`; an empty text stands for none.
const SWAP: &str = "
if (redis.call('HGET', KEYS[1], 'version') or '') ~= ARGV[1] then return 0 end
if ARGV[2] == '' then
    redis.call('DEL', KEYS[1])
else
    redis.call('HSET', KEYS[1], 'version', ARGV[2], 'value', ARGV[3])
    redis.call('PEXPIRE', KEYS[1], ARGV[4])
end
return 1
";

/// A [`SharedStore`] in Redis or Valkey, on the application's own client or pool of fred 10, under
/// keys that begin with `keycloak-kit:sign-in:`. Entries expire by themselves. Redis must not evict
/// others (`maxmemory-policy noeviction`): with a note that is lost an ended session comes back.
///
/// ```no_run
/// # async fn show(pool: fred::clients::Pool, oidc: keycloak_kit::oidc::Oidc)
/// # -> keycloak_kit::Result<()> {
/// use keycloak_kit::web::{RedisStore, SessionKeys, SignIn};
///
/// let signin = SignIn::new(oidc)
///     .base_url("https://app.example")
///     .keys(SessionKeys::from_env("SESSION_KEYS")?)
///     .shared(RedisStore::new(pool))
///     .build()?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct RedisStore<C> {
    client: C,
}

impl<C: ClientLike + 'static> RedisStore<C> {
    /// Makes a store on a client or a pool, which must be connected.
    #[must_use]
    pub fn new(client: C) -> Self {
        Self { client }
    }

    async fn one(&self, key: &str) -> Result<Option<SharedEntry>> {
        let command = CustomCommand::new_static("HMGET", ClusterHash::FirstKey, false);
        let args = vec![name(key), "version".to_owned(), "value".to_owned()];
        let found = self.client.custom(command, args).await;
        let found: (Option<u64>, Option<Bytes>) = found.map_err(failed)?;
        Ok(match found {
            (Some(version), Some(value)) => Some(SharedEntry::new(version, value.into())),
            _ => None,
        })
    }
}

fn name(key: &str) -> String {
    format!("keycloak-kit:sign-in:{key}")
}

impl<C: ClientLike + 'static> SharedStore for RedisStore<C> {
    fn load<'a>(&'a self, keys: &'a [String]) -> BoxFuture<'a, Result<Vec<Option<SharedEntry>>>> {
        // One command for each key: in a cluster they are on different nodes.
        let all = keys.iter().map(|key| self.one(key));
        Box::pin(futures_util::future::try_join_all(all))
    }

    fn compare_and_swap<'a>(
        &'a self,
        key: &'a str,
        expected: Option<u64>,
        entry: Option<SharedEntry>,
        keep: Duration,
    ) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async move {
            // Script, number of keys, the key.
            let command = CustomCommand::new_static("EVAL", ClusterHash::Offset(2), false);
            let text = |number: Option<u64>| number.map_or_else(String::new, |n| n.to_string());
            let version = text(entry.as_ref().map(SharedEntry::version));
            let value = entry.map(|entry| entry.value).unwrap_or_default();
            // An expiry of 0 ms is an error.
            let keep = keep.min(LONGEST).as_millis().max(1).to_string();
            let args: Vec<Value> = vec![
                SWAP.into(),
                "1".into(),
                name(key).into(),
                text(expected).into(),
                version.into(),
                Value::Bytes(value.into()),
                keep.into(),
            ];
            let done: i64 = self.client.custom(command, args).await.map_err(failed)?;
            Ok(done == 1)
        })
    }
}

impl<C> fmt::Debug for RedisStore<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").finish_non_exhaustive()
    }
}

fn failed(error: fred::error::Error) -> Error {
    unavailable("the shared store in Redis has failed", None).with_source(error)
}

//! The same calls for programs that are not asynchronous.
//!
//! Everything that can be awaited can be waited for, and every stream becomes an iterator:
//!
//! ```no_run
//! use keycloak_kit::Keycloak;
//! use keycloak_kit::blocking::Wait;
//!
//! # fn main() -> keycloak_kit::Result<()> {
//! let kc = Keycloak::from_env()?;
//! let realm = kc.realm("demo");
//!
//! let count = realm.users().count().wait()?;
//! for user in realm.users().list().search("ada").stream().wait() {
//!     println!("{:?} of {count}", user?.username);
//! }
//!
//! let oidc = kc.oidc("demo", "cli").build()?;
//! let tokens = oidc.password("ada", "s3cret").wait()?;
//! println!("{}", oidc.userinfo(&tokens).wait()?.subject());
//! # Ok(()) }
//! ```
//!
//! The calls run on a runtime of this crate with a single thread, which starts with the first call
//! and ends with the program. Inside an asynchronous runtime they return an error.

use std::fmt;
use std::future::{IntoFuture, poll_fn};
use std::pin::Pin;
use std::sync::OnceLock;

use futures_core::Stream;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::error::{Result, config};

#[cfg(test)]
mod tests;

/// Waits for a call; see the [module](self).
pub trait Wait {
    /// The value that the call returns.
    type Value;

    /// Sends the request and blocks the thread until the response is there.
    ///
    /// # Errors
    ///
    /// Returns the call's own error, or one of kind [`Config`](crate::ErrorKind::Config) inside a
    /// Tokio runtime.
    fn wait(self) -> Result<Self::Value>;
}

impl<F, T> Wait for F
where
    F: IntoFuture<Output = Result<T>>,
{
    type Value = T;

    fn wait(self) -> Result<T> {
        block_on(self)?
    }
}

/// The items of a stream, as an iterator.
pub struct Items<S> {
    stream: Pin<Box<S>>,
    over: bool,
}

impl<S> Items<S> {
    #[cfg(any(feature = "admin", feature = "oidc"))]
    pub(crate) fn of(stream: S) -> Self {
        Self {
            stream: Box::pin(stream),
            over: false,
        }
    }
}

impl<S, T> Iterator for Items<S>
where
    S: Stream<Item = Result<T>>,
{
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        if self.over {
            return None;
        }
        let stream = &mut self.stream;
        match block_on(poll_fn(|context| stream.as_mut().poll_next(context))) {
            Ok(Some(item)) => Some(item),
            Ok(None) => {
                self.over = true;
                None
            }
            // The error would be the same each time.
            Err(error) => {
                self.over = true;
                Some(Err(error))
            }
        }
    }
}

impl<S> fmt::Debug for Items<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items").finish_non_exhaustive()
    }
}

fn block_on<F: IntoFuture>(future: F) -> Result<F::Output> {
    if Handle::try_current().is_ok() {
        return Err(config(
            "wait() was called inside a Tokio runtime, whose thread it would block",
        )
        .with_hint("await the call there; in spawn_blocking, use Handle::current().block_on"));
    }
    // Created inside the runtime: a call may be tied to the runtime it is created in.
    Ok(runtime()?.block_on(async { future.await }))
}

fn runtime() -> Result<&'static Runtime> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    // A thread of its own, so that background work such as a renewal continues between calls.
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("keycloak-kit")
        .enable_all()
        .build()
        .map_err(|source| {
            config("the runtime for blocking calls cannot be started").with_source(source)
        })?;
    Ok(RUNTIME.get_or_init(|| runtime))
}

/// Implements `wait` for a stream.
#[cfg(any(feature = "admin", feature = "oidc"))]
macro_rules! items {
    ($stream:ident $(<$item:ident: $bound:path>)?) => {

        impl$(<$item: $bound>)? $stream$(<$item>)? {
            /// Returns a blocking iterator over the items; see [`blocking`](crate::blocking). An
            /// error is an item, as in the stream.
            pub fn wait(self) -> crate::blocking::Items<Self> {
                crate::blocking::Items::of(self)
            }
        }
    };
}

#[cfg(any(feature = "admin", feature = "oidc"))]
pub(crate) use items;

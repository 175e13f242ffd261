//! The future that the crate's traits and requests give.

use std::future::Future;
use std::pin::Pin;

/// A boxed future that can move between threads.
///
/// The traits that a program implements return it, and so does `into_future` of every request.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

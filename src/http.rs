//! Requests without tokens: options, attempts, limits on time and size.

pub(crate) mod addresses;
pub(crate) mod backoff;
pub(crate) mod base;
pub(crate) mod budget;
mod challenge;
pub(crate) mod client_options;
mod connection;
pub(crate) mod deadline;
pub(crate) mod error_body;
pub(crate) mod json;
mod json_path;
pub(crate) mod options;
pub(crate) mod per_attempt;
pub(crate) mod proxy;
pub(crate) mod request;
pub(crate) mod retry_after;
pub(crate) mod retry_policy;
pub(crate) mod segment;
pub(crate) mod sender;
pub(crate) mod service;
pub(crate) mod settings;
pub(crate) mod trace;

#[cfg(test)]
mod tests;

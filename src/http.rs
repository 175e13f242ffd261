//! Requests without tokens: attempts, time limits, sizes.

pub(crate) mod addresses;
pub(crate) mod backoff;
pub(crate) mod base;
pub(crate) mod budget;
pub(crate) mod deadline;
pub(crate) mod fresh;
pub(crate) mod json;
mod json_path;
pub(crate) mod options;
pub(crate) mod repeat;
pub(crate) mod request;
pub(crate) mod segment;
pub(crate) mod sender;
pub(crate) mod settings;
pub(crate) mod trace;

#[cfg(test)]
mod tests;

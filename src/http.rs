//! One HTTP call, from options and token to the answer's bytes.

pub(crate) mod backoff;
pub(crate) mod base;
pub(crate) mod budget;
pub(crate) mod channel;
pub(crate) mod deadline;
pub(crate) mod fresh;
pub(crate) mod json;
pub(crate) mod operation;
pub(crate) mod options;
pub(crate) mod refused_client;
pub(crate) mod repeat;
pub(crate) mod segment;
pub(crate) mod sender;
pub(crate) mod settings;
pub(crate) mod trace;
pub(crate) mod transport;

#[cfg(test)]
mod tests;

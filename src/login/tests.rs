//! Getting, keeping and losing tokens.

mod engine;
mod grants;

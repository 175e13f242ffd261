//! Beside the pipeline, for those who maintain this crate: what another release changes, and which
//! release first had what. Nothing here is compiled into a user's build.

pub mod compare;
pub mod report;
pub mod since;

//! What the oldest supported release lacks, as the generator found it.

#![allow(clippy::all, clippy::pedantic)]

include!(concat!(env!("OUT_DIR"), "/newer.rs"));

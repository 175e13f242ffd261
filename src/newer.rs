//! What the oldest supported release lacks, by the generator.

#![allow(clippy::all, clippy::pedantic)]

include!(concat!(env!("OUT_DIR"), "/newer.rs"));

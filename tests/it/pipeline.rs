//! The generator's steps.

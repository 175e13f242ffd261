//! Guides: the pages of the repository's folder `docs`. This module is in the documentation only.
//!
//! | Page | What is on it |
//! |---|---|
//! | [`production`] | rights, settings, time limits, retries, logs and tests; a table of troubles |
//! | [`calls`] | the hundred commonest calls beside those of python-keycloak, the JS and the Java admin client |
//! | [`automation`] | lists, names, wanted states, bulk calls, imports |
//! | [`flows`] | every OpenID Connect flow, endpoint and parameter, with its example and its test |
//! | [`tokens`] | what a verifier checks, and the test of each check |
//! | [`rules`] | the rules of the RFCs that hold in every flow, and the test of each |
//! | [`testing`] | a provider in the test's own process, for guards and sign-ins |
//! | [`uma`] | UMA 2.0 and authorization services |
//! | [`web`] | a guarded API, and pages whose users sign in |
//! | [`errors`] | kinds of errors, and every hint with what gives it |

// The definitions of `links.md` stand before those of the pages, and the first of a label holds: in
// the repository a link leads to a file, here to a module or to the repository.

#[doc = include_str!("links.md")]
#[doc = include_str!("../docs/automation.md")]
pub mod automation {}

#[doc = include_str!("links.md")]
#[doc = include_str!("../docs/calls.md")]
pub mod calls {}

#[doc = include_str!("links.md")]
#[doc = include_str!("../docs/errors.md")]
pub mod errors {}

#[doc = include_str!("links.md")]
#[doc = include_str!("../docs/flows.md")]
pub mod flows {}

#[doc = include_str!("links.md")]
#[doc = include_str!("../docs/production.md")]
pub mod production {}

#[doc = include_str!("links.md")]
#[doc = include_str!("../docs/rules.md")]
pub mod rules {}

#[cfg(any(not(doctest), all(feature = "signin", feature = "testing")))]
#[doc = include_str!("links.md")]
#[doc = include_str!("../docs/testing.md")]
pub mod testing {}

#[doc = include_str!("links.md")]
#[doc = include_str!("../docs/tokens.md")]
pub mod tokens {}

#[doc = include_str!("links.md")]
#[doc = include_str!("../docs/uma.md")]
pub mod uma {}

#[cfg(any(not(doctest), feature = "postgres"))]
#[doc = include_str!("links.md")]
#[doc = include_str!("../docs/web.md")]
pub mod web {}

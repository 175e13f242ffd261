//! Whom tokens are about.

use serde_json::Value;

use crate::TokenFault;
use crate::error::{Result, invalid_token};
use crate::jose::decode_unverified;
use crate::operation::Operation;

/// The subject of a token that can be read and has one: a lightweight access token may have none.
pub(super) fn of(token: &str) -> Option<Value> {
    let token = decode_unverified(token).ok()?;
    token.claims().get("sub").cloned()
}

/// A requesting party token must be about the one who was asked about.
pub(super) fn check_rpt(op: &Operation, asked: Option<&Value>, rpt: &str) -> Result<()> {
    match asked {
        Some(asked) if of(rpt).as_ref() != Some(asked) => Err(invalid_token(
            TokenFault::Subject,
            "the server gave a requesting party token about another subject than the access token \
             that was asked with",
        )
        .with_operation(op)),
        _ => Ok(()),
    }
}

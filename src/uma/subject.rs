//! Subjects of tokens.

use serde_json::Value;

use crate::TokenFault;
use crate::error::{Result, invalid_token};
use crate::jose::decode_unverified;
use crate::operation::Operation;

/// Returns the subject of a token, if it is a readable JWT with a subject; a lightweight access
/// token may have none.
pub(super) fn of(token: &str) -> Option<Value> {
    let token = decode_unverified(token).ok()?;
    token.claims().get("sub").cloned()
}

/// Checks that a requesting party token has the subject of the access token.
pub(super) fn check_rpt(op: &Operation, asked: Option<&Value>, rpt: &str) -> Result<()> {
    match asked {
        Some(asked) if of(rpt).as_ref() != Some(asked) => Err(invalid_token(
            TokenFault::Subject,
            "the requesting party token has another subject than the access token",
        )
        .with_operation(op)),
        _ => Ok(()),
    }
}

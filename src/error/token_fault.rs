//! Why a token was refused.

/// What is wrong with a token that this client refused; from
/// [`Error::token_fault`](crate::Error::token_fault).
///
/// For logs and for tests. Tell the sender of a token only that it was refused: RFC 6750 section 3
/// has one code, `invalid_token`, for all of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenFault {
    /// It is no compact JWT, or a member in it has no sensible value (RFC 7515, RFC 7519).
    Malformed,
    /// Its algorithm is not among the accepted ones (RFC 8725 section 3.1).
    Algorithm,
    /// Its header has a member that must be understood and is not (`crit`, `zip`).
    Header,
    /// No published key fits it. Keys may have been rotated this very moment.
    UnknownKey,
    /// Its signature is wrong.
    Signature,
    /// It is encrypted and none of the keys at hand opens it, or it is not encrypted and must be.
    Encryption,
    /// It is a token of another type: an ID token where an access token belongs, and the like.
    Type,
    /// It is from another issuer, or names none.
    Issuer,
    /// It is for another audience, or names none.
    Audience,
    /// It was issued to another client (`azp`).
    AuthorizedParty,
    /// It is about another subject than expected, or names none.
    Subject,
    /// It has expired, or does not say when it does.
    Expired,
    /// It was issued in the future, or is not valid yet.
    NotYetValid,
    /// It is older than is accepted (`iat`, a not-before policy).
    TooOld,
    /// Its `nonce` is not the one of this login.
    Nonce,
    /// Its `at_hash`, `c_hash` or `s_hash` is of another value, or missing.
    Hash,
    /// The user logged in too long ago, or it does not say when (`auth_time`).
    AuthTime,
    /// The user did not log in at the level asked for (`acr`).
    AuthenticationLevel,
    /// It is bound to a key or certificate that the sender has not shown (`cnf`).
    Binding,
    /// It was used before (`jti`).
    Replayed,
    /// A claim that must be there is missing, or does not have the expected value.
    Claim,
    /// The server says that it is not active any more.
    Inactive,
}

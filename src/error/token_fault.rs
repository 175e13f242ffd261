//! Why a token was refused.

/// What is wrong with a token that this client refused; returned by
/// [`Error::token_fault`](crate::Error::token_fault).
///
/// For logs and tests. Tell the sender of a token only that it was refused: RFC 6750 section 3 has
/// a single code, `invalid_token`, for all of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenFault {
    /// Not a compact JWT, or a member has an invalid value (RFC 7515, RFC 7519).
    Malformed,
    /// The algorithm is not one of those accepted (RFC 8725 section 3.1).
    Algorithm,
    /// The header has a member that must be understood and is not (`crit`, `zip`).
    Header,
    /// No published key matches. The keys may have just been rotated.
    UnknownKey,
    /// The signature is wrong.
    Signature,
    /// The token is encrypted and no available key decrypts it, or it is not encrypted and must be.
    Encryption,
    /// A token of another type, such as an ID token in place of an access token.
    Type,
    /// The issuer is another one, or missing.
    Issuer,
    /// The audience is another one, or missing.
    Audience,
    /// The token was issued to another client (`azp`).
    AuthorizedParty,
    /// The subject is not the expected one, or missing.
    Subject,
    /// The token has expired, or has no expiry.
    Expired,
    /// The token was issued in the future, or is not valid yet.
    NotYetValid,
    /// The token is older than accepted (`iat`, a not-before policy).
    TooOld,
    /// `nonce` does not belong to this login.
    Nonce,
    /// `at_hash`, `c_hash` or `s_hash` does not match, or is missing.
    Hash,
    /// The user logged in too long ago, or the token does not say when (`auth_time`).
    AuthTime,
    /// The user did not log in at the requested level (`acr`).
    AuthenticationLevel,
    /// The token is bound to a key or certificate that the sender did not present (`cnf`).
    Binding,
    /// The token was used before (`jti`).
    Replayed,
    /// A required claim is missing, or does not have the expected value.
    Claim,
    /// The server says that the token is no longer active.
    Inactive,
}

//! The scheme in front of a token in a header.

/// Whether a text is the value of an `Authorization` header rather than a bare token.
pub(crate) fn has_scheme(text: &str) -> bool {
    text.split_once(' ').is_some_and(|(scheme, _)| {
        scheme.eq_ignore_ascii_case("Bearer") || scheme.eq_ignore_ascii_case("DPoP")
    })
}

pub(crate) const WITHOUT_SCHEME: &str =
    "give the token without its scheme: what follows `Bearer ` in the header";

//! What a request shows of its caller.

use http::header::AUTHORIZATION;
use http::request::Parts;

use super::rejection::Rejection;

/// The scheme of the header `Authorization`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Bearer,
    Dpop,
}

/// The token of a request, and its proof.
pub(super) struct Credentials<'a> {
    pub(super) scheme: Scheme,
    pub(super) token: &'a str,
    pub(super) proof: Option<&'a str>,
}

/// Reads the token. Without one, or with another scheme, there are no credentials.
///
/// RFC 6750 section 2: one method, one header. A token in the query is refused (section 2.3, RFC 9700
/// section 2.1.1), because addresses are logged.
pub(super) fn read(
    request: &Parts,
    max_length: usize,
) -> Result<Option<Credentials<'_>>, Rejection> {
    let refused = |why| Err(Rejection::invalid_request(why));
    if request.uri.query().is_some_and(has_token) {
        return refused(
            "a token in the query is not accepted: send it in the header Authorization",
        );
    }
    let mut headers = request.headers.get_all(AUTHORIZATION).iter();
    let Some(header) = headers.next() else {
        return Ok(None);
    };
    if headers.next().is_some() {
        return refused("the request has several Authorization headers");
    }
    if header.len() > max_length {
        return refused("the Authorization header is too long");
    }
    let Ok(text) = header.to_str() else {
        return refused("the Authorization header has characters that are not allowed");
    };
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    let scheme = match scheme {
        name if name.eq_ignore_ascii_case("bearer") => Scheme::Bearer,
        name if name.eq_ignore_ascii_case("dpop") => Scheme::Dpop,
        _ => return Ok(None),
    };
    let token = token.trim_start_matches(' ');
    // token68, RFC 7235 section 2.1
    let allowed = |c: u8| c.is_ascii_alphanumeric() || b"-._~+/=".contains(&c);
    if token.is_empty() || !token.bytes().all(allowed) {
        return refused("the Authorization header has no token after its scheme, or more than one");
    }
    let mut proofs = request.headers.get_all("dpop").iter();
    let proof = match (proofs.next(), proofs.next()) {
        (None, _) => None,
        (Some(proof), None) if proof.len() <= max_length => match proof.to_str() {
            Ok(proof) => Some(proof),
            Err(_) => return refused("the DPoP header has characters that are not allowed"),
        },
        _ => return refused("the request has several DPoP headers, or one that is too long"),
    };
    match (scheme, proof) {
        (Scheme::Dpop, None) => Err(Rejection::invalid_proof("the DPoP header is missing")),
        _ => Ok(Some(Credentials {
            scheme,
            token,
            proof,
        })),
    }
}

fn has_token(query: &str) -> bool {
    url::form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "access_token")
}

//! Response types and response modes.

use serde::{Deserialize, Serialize};

/// How the authorization response is returned (OAuth 2.0 Multiple Response Type Encoding Practices,
/// Form Post Response Mode, JARM).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ResponseMode {
    /// In the query of the redirect URI; the default of the code flow.
    Query,
    /// In the fragment of the redirect URI, which no server sees: a page has to pass it on.
    Fragment,
    /// In a form that the browser posts.
    FormPost,
    /// As a signed JWT, returned in the default way of the response type (JARM).
    Jwt,
    /// As a signed JWT in the query.
    QueryJwt,
    /// As a signed JWT in the fragment.
    FragmentJwt,
    /// As a signed JWT in a form.
    FormPostJwt,
}

impl ResponseMode {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Fragment => "fragment",
            Self::FormPost => "form_post",
            Self::Jwt => "jwt",
            Self::QueryJwt => "query.jwt",
            Self::FragmentJwt => "fragment.jwt",
            Self::FormPostJwt => "form_post.jwt",
        }
    }

    /// Whether the response is one JWT.
    pub(crate) fn is_jwt(self) -> bool {
        matches!(
            self,
            Self::Jwt | Self::QueryJwt | Self::FragmentJwt | Self::FormPostJwt
        )
    }
}

/// What the authorization response contains.
///
/// Every type except [`Code`](Self::Code) is legacy: tokens that come through the browser end up in
/// its history, its referrers and its extensions (RFC 9700 section 2.1.2). Such responses are
/// supported and checked for applications that cannot change yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ResponseType {
    /// A code to exchange for tokens.
    #[default]
    Code,
    /// Nothing except whether the user is logged in.
    None,
    /// An ID token (implicit flow, legacy).
    IdToken,
    /// Only an access token (RFC 6749 section 4.2, legacy): it does not say who logged in.
    Token,
    /// An ID token and an access token (implicit flow, legacy).
    IdTokenToken,
    /// A code and an ID token (hybrid flow, legacy).
    CodeIdToken,
    /// A code and an access token (hybrid flow, legacy).
    CodeToken,
    /// A code, an ID token and an access token (hybrid flow, legacy).
    CodeIdTokenToken,
}

impl ResponseType {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::None => "none",
            Self::IdToken => "id_token",
            Self::Token => "token",
            Self::IdTokenToken => "id_token token",
            Self::CodeIdToken => "code id_token",
            Self::CodeToken => "code token",
            Self::CodeIdTokenToken => "code id_token token",
        }
    }

    pub(crate) fn has(self, part: &str) -> bool {
        self.name().split(' ').any(|known| known == part)
    }

    /// The mode of a response if the request sets none.
    pub(crate) fn default_mode(self) -> ResponseMode {
        match self {
            Self::Code | Self::None => ResponseMode::Query,
            _ => ResponseMode::Fragment,
        }
    }
}

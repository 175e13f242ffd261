//! DPoP: tokens bound to a key of the client (RFC 9449).

use http::HeaderName;

pub(crate) const DPOP: HeaderName = HeaderName::from_static("dpop");

#[cfg(feature = "oidc")]
pub(crate) use self::with::Dpop;
#[cfg(not(feature = "oidc"))]
pub(crate) use self::without::Dpop;

#[cfg(feature = "oidc")]
mod with {
    use std::collections::VecDeque;
    use std::fmt;
    use std::sync::{Mutex, PoisonError};

    use bytes::Bytes;
    use http::{HeaderName, HeaderValue, Method, Response, StatusCode};
    use url::Url;

    use crate::error::{Result, protocol};
    use crate::http::error_body::ErrorBody;
    use crate::jose::{DpopKey, SignatureAlgorithm};

    const NONCE: HeaderName = HeaderName::from_static("dpop-nonce");
    const NONCE_REQUIRED: &str = "use_dpop_nonce";
    /// A client talks to few servers. A forgotten nonce costs one refused request.
    const MAX_ORIGINS: usize = 32;
    /// A longer nonce is ignored.
    const MAX_NONCE: usize = 1024;

    /// A key, and the last nonce of each server.
    pub(crate) struct Dpop {
        key: DpopKey,
        nonces: Mutex<VecDeque<(String, String)>>,
    }

    impl Dpop {
        pub(crate) fn new(key: DpopKey) -> Self {
            Self {
                key,
                nonces: Mutex::default(),
            }
        }

        pub(crate) fn thumbprint(&self) -> String {
            self.key.thumbprint()
        }

        pub(crate) fn algorithm(&self) -> SignatureAlgorithm {
            self.key.algorithm()
        }

        /// Creates a proof for one request, bound to the access token of that request.
        pub(crate) fn proof(
            &self,
            method: &Method,
            url: &Url,
            token: Option<&str>,
        ) -> Result<HeaderValue> {
            let nonce = self.nonce(&origin(url));
            let proof = self.key.proof(method, url, token, nonce.as_deref())?;
            let mut header = HeaderValue::try_from(proof)
                .map_err(|_| protocol("the DPoP proof is not a valid header value"))?;
            header.set_sensitive(true);
            Ok(header)
        }

        /// Stores the nonce of a response. Returns `true` if the server refused the request because
        /// it lacked this nonce (RFC 9449 sections 8 and 9).
        pub(crate) fn answered(&self, url: &Url, response: &Response<Bytes>) -> bool {
            let nonce = response
                .headers()
                .get(NONCE)
                .and_then(|value| value.to_str().ok())
                .filter(|nonce| !nonce.is_empty() && nonce.len() <= MAX_NONCE);
            let Some(nonce) = nonce else {
                return false;
            };
            self.remember(origin(url), nonce.to_owned());
            matches!(
                response.status(),
                StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED
            ) && ErrorBody::read(response.headers(), response.body())
                .code
                .as_deref()
                == Some(NONCE_REQUIRED)
        }

        fn nonce(&self, origin: &str) -> Option<String> {
            let nonces = self.nonces.lock().unwrap_or_else(PoisonError::into_inner);
            let (_, nonce) = nonces.iter().find(|(known, _)| known == origin)?;
            Some(nonce.clone())
        }

        fn remember(&self, origin: String, nonce: String) {
            let mut nonces = self.nonces.lock().unwrap_or_else(PoisonError::into_inner);
            nonces.retain(|(known, _)| *known != origin);
            nonces.push_back((origin, nonce));
            while nonces.len() > MAX_ORIGINS {
                nonces.pop_front();
            }
        }
    }

    fn origin(url: &Url) -> String {
        url.origin().ascii_serialization()
    }

    impl fmt::Debug for Dpop {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("Dpop")
        }
    }
}

/// Without the feature `oidc` nothing can be signed, so no token is bound to a key.
#[cfg(not(feature = "oidc"))]
mod without {
    use bytes::Bytes;
    use http::{HeaderValue, Method, Response};
    use url::Url;

    use crate::error::Result;

    #[derive(Debug)]
    pub(crate) enum Dpop {}

    impl Dpop {
        pub(crate) fn proof(&self, _: &Method, _: &Url, _: Option<&str>) -> Result<HeaderValue> {
            match *self {}
        }

        pub(crate) fn answered(&self, _: &Url, _: &Response<Bytes>) -> bool {
            match *self {}
        }
    }
}

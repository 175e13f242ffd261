//! The result of an impersonation: a URL, and the cookies of the new session.

use std::fmt;

use http::header::SET_COOKIE;

use super::representations::ImpersonationRepresentation;
use crate::{Response, Secret};

/// A session of a user whom an administrator impersonates.
///
/// The session consists of cookies: Keycloak regards a browser that has them as the user. They
/// belong to Keycloak's own host. They reach a browser if the application runs under the same host
/// and passes on each [`set_cookie`](ImpersonationCookie::set_cookie). A program that calls
/// Keycloak itself sends [`cookie_header`](Self::cookie_header).
///
/// ```no_run
/// # async fn run(kc: keycloak_kit::Keycloak) -> keycloak_kit::Result<()> {
/// let user = kc.realm("demo").user("7d1a4b6e-2f5b-4f3e-9a51-5f2f2a0c1b7e");
/// let session = user.impersonate().await?;
/// for cookie in session.cookies() {
///     let header = ("set-cookie", cookie.set_cookie().expose());
///     // .. into the response to the browser, which is sent to:
///     let _ = (header, session.redirect());
/// }
/// # Ok(()) }
/// ```
///
/// `Debug` shows the names of the cookies, but not their values.
#[derive(Clone, Debug)]
pub struct Impersonation {
    body: ImpersonationRepresentation,
    cookies: Vec<ImpersonationCookie>,
}

impl Impersonation {
    /// Where to send the browser: the user's account pages.
    #[must_use]
    pub fn redirect(&self) -> Option<&str> {
        self.body.redirect.as_deref()
    }

    /// Whether the administrator belongs to the user's realm (`sameRealm`). A browser has one
    /// session per realm, so these cookies replace the administrator's own session.
    #[must_use]
    pub fn is_same_realm(&self) -> bool {
        self.body.same_realm == Some(true)
    }

    /// The cookies, in the order of the response.
    #[must_use]
    pub fn cookies(&self) -> &[ImpersonationCookie] {
        &self.cookies
    }

    /// The value of a `Cookie` header with the cookies that are set, without those that are
    /// removed; for a program that calls Keycloak as the user.
    #[must_use]
    pub fn cookie_header(&self) -> Secret {
        let set = self.cookies.iter().filter(|cookie| !cookie.is_removed());
        let pairs: Vec<&str> = set.map(ImpersonationCookie::pair).collect();
        pairs.join("; ").into()
    }

    /// The body of the response.
    #[must_use]
    pub fn representation(&self) -> &ImpersonationRepresentation {
        &self.body
    }
}

impl From<Response<ImpersonationRepresentation>> for Impersonation {
    fn from(response: Response<ImpersonationRepresentation>) -> Self {
        let cookies = response.headers().get_all(SET_COOKIE);
        let cookies = cookies.iter().filter_map(|header| {
            Some(ImpersonationCookie {
                header: std::str::from_utf8(header.as_bytes()).ok()?.into(),
            })
        });
        Self {
            cookies: cookies.collect(),
            body: response.into_value(),
        }
    }
}

/// A cookie of an [`Impersonation`].
#[derive(Clone)]
pub struct ImpersonationCookie {
    header: Secret,
}

impl ImpersonationCookie {
    /// The name, such as `KEYCLOAK_IDENTITY`.
    #[must_use]
    pub fn name(&self) -> &str {
        let pair = self.pair();
        pair.split_once('=').map_or(pair, |(name, _)| name).trim()
    }

    /// The value; empty if the server removes the cookie.
    #[must_use]
    pub fn value(&self) -> Secret {
        let value = self.pair().split_once('=').map(|(_, value)| value);
        value.unwrap_or_default().trim().into()
    }

    /// The whole value of the `Set-Cookie` header, with path, lifetime and flags.
    #[must_use]
    pub fn set_cookie(&self) -> &Secret {
        &self.header
    }

    /// Whether the server removes the cookie.
    #[must_use]
    pub fn is_removed(&self) -> bool {
        let mut attributes = self.header.expose().split(';').skip(1);
        let ended = attributes.any(|attribute| {
            attribute.split_once('=').is_some_and(|(name, value)| {
                name.trim().eq_ignore_ascii_case("max-age") && value.trim() == "0"
            })
        });
        ended || self.value().is_empty()
    }

    fn pair(&self) -> &str {
        let header = self.header.expose();
        header.split(';').next().unwrap_or_default().trim()
    }
}

impl fmt::Debug for ImpersonationCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImpersonationCookie")
            .field("name", &self.name())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use crate::test_support::{Reply, Server};

    #[tokio::test]
    async fn the_cookies_are_given_and_never_shown() {
        let server = Server::keycloak(|seen, _| {
            seen.target.ends_with("/impersonation").then(|| {
                Reply::json(200, r#"{"sameRealm":true,"redirect":"http://kc/account"}"#)
                    .with(
                        "set-cookie",
                        "KEYCLOAK_IDENTITY=hunter1; Path=/realms/demo/; HttpOnly",
                    )
                    .with("set-cookie", "KC_RESTART=; Max-Age=0; Path=/realms/demo/")
                    .with("set-cookie", "OLD=x;max-age=0")
                    .with("set-cookie", "KEYCLOAK_SESSION=a=hunter2;Max-Age=36000")
            })
        })
        .await;
        let user = server.client().realm("demo").user("u1");
        let session = user.impersonate().await.unwrap();
        assert_eq!(session.redirect(), Some("http://kc/account"));
        assert!(session.is_same_realm());
        let names: Vec<&str> = session
            .cookies()
            .iter()
            .map(|cookie| cookie.name())
            .collect();
        assert_eq!(
            names,
            ["KEYCLOAK_IDENTITY", "KC_RESTART", "OLD", "KEYCLOAK_SESSION"]
        );
        let first = &session.cookies()[0];
        assert_eq!(
            first.set_cookie().expose(),
            "KEYCLOAK_IDENTITY=hunter1; Path=/realms/demo/; HttpOnly"
        );
        assert_eq!(first.value().expose(), "hunter1");
        assert_eq!(
            session.cookie_header().expose(),
            "KEYCLOAK_IDENTITY=hunter1; KEYCLOAK_SESSION=a=hunter2"
        );
        let shown = format!("{session:?} {session:#?} {:?}", session.cookie_header());
        assert!(!shown.contains("hunter"), "{shown}");
        assert!(shown.contains("KEYCLOAK_SESSION"), "{shown}");
    }
}

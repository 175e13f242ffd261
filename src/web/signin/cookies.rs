//! The cookies that bind logins to a browser: one for each attempt, so that several tabs can log in
//! at once.

use cookie::time::Duration;
use cookie::{Cookie, SameSite};
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};

use super::builder::LOGIN_LIFETIME;
use crate::jose::hash;

const PREFIX: &str = "signin-";

/// How many logins one browser can have open. More would fill the header of every request.
const MOST: usize = 8;

/// Reads and writes the cookies of attempts.
#[derive(Clone, Copy)]
pub(super) struct AttemptCookies {
    pub(super) secure: bool,
}

impl AttemptCookies {
    fn prefix(self) -> String {
        let host = if self.secure { "__Host-" } else { "" };
        format!("{host}{PREFIX}")
    }

    /// The name of the cookie for a login with this state.
    fn name(self, state: &str) -> String {
        let hash = hash::sha256(state);
        format!("{}{}", self.prefix(), hash.get(..22).unwrap_or(&hash))
    }

    fn build(self, name: String, value: String) -> Cookie<'static> {
        Cookie::build((name, value))
            .path("/")
            .http_only(true)
            .secure(self.secure)
            .same_site(SameSite::Lax)
            .build()
    }

    /// All cookies of attempts that a request has.
    fn all(self, headers: &HeaderMap) -> Vec<(String, String)> {
        let prefix = self.prefix();
        let sent = headers.get_all(COOKIE).iter();
        sent.filter_map(|header| header.to_str().ok())
            .flat_map(Cookie::split_parse)
            .filter_map(|cookie| {
                let cookie = cookie.ok()?;
                let ours = cookie.name().starts_with(&prefix);
                ours.then(|| (cookie.name().to_owned(), cookie.value().to_owned()))
            })
            .collect()
    }

    /// Returns the name and the value of the cookie for the login that a callback is about. Without
    /// a state, as in a signed response, it must be the only login of this browser.
    pub(super) fn find(self, headers: &HeaderMap, state: Option<&str>) -> Option<(String, String)> {
        let mut all = self.all(headers);
        match state {
            Some(state) => {
                let name = self.name(state);
                all.retain(|(found, _)| *found == name);
            }
            None if all.len() != 1 => return None,
            None => {}
        }
        all.pop()
    }

    /// Sets the cookie for a login with this state. Where there are too many logins, the others are
    /// given up.
    pub(super) fn set(self, request: &HeaderMap, response: &mut HeaderMap, state: &str, key: &str) {
        let all = self.all(request);
        if all.len() >= MOST {
            for (name, _) in all {
                self.remove(response, name);
            }
        }
        let mut cookie = self.build(self.name(state), key.to_owned());
        cookie.set_max_age(Duration::try_from(LOGIN_LIFETIME).ok());
        add(response, &cookie);
    }

    /// Removes the cookie of this name.
    pub(super) fn remove(self, response: &mut HeaderMap, name: String) {
        let mut cookie = self.build(name, String::new());
        cookie.make_removal();
        add(response, &cookie);
    }
}

fn add(headers: &mut HeaderMap, cookie: &Cookie<'_>) {
    if let Ok(value) = HeaderValue::from_str(&cookie.to_string()) {
        headers.append(SET_COOKIE, value);
    }
}

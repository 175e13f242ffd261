//! Logins in progress that outlive this process.

use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::poll::{Pace, SlowDowns};
use super::{BackchannelLogin, DeviceLogin};
use crate::Secret;
use crate::oidc::Oidc;
use crate::oidc::form::Params;
use crate::oidc::saved::{left, seconds_at, time};
use crate::oidc::shown;

/// A [`DeviceLogin`] that can be stored, such as by a web application that starts it in one request
/// and polls in the next. `Debug` shows no codes; its JSON contains them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SavedDeviceLogin {
    device_code: Secret,
    #[serde(deserialize_with = "readable_code")]
    user_code: Secret,
    #[serde(deserialize_with = "readable_address")]
    verification_uri: String,
    #[serde(default, deserialize_with = "readable_addresses")]
    verification_uri_complete: Option<Secret>,
    verifier: Secret,
    waiting: Waiting,
}

/// A [`BackchannelLogin`] that can be stored. `Debug` shows no codes; its JSON contains them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SavedBackchannelLogin {
    auth_req_id: Secret,
    notification_token: Option<Secret>,
    waiting: Waiting,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Waiting {
    /// Seconds since 1970.
    expires_at: Option<u64>,
    /// In milliseconds, with the additions of `slow_down`.
    interval: u64,
    /// The greatest age of the ID token, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_issue_age: Option<u64>,
}

/// A stored code is shown to a user again, so it is checked again.
fn readable_code<'de, D: Deserializer<'de>>(input: D) -> Result<Secret, D::Error> {
    let code = Secret::deserialize(input)?;
    shown::code("user_code", code.expose()).map_err(D::Error::custom)?;
    Ok(code)
}

fn readable_address<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    let address = String::deserialize(input)?;
    shown::address("verification_uri", &address).map_err(D::Error::custom)?;
    Ok(address)
}

fn readable_addresses<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Secret>, D::Error> {
    let address = Option::<Secret>::deserialize(input)?;
    if let Some(address) = &address {
        shown::address("verification_uri_complete", address.expose()).map_err(D::Error::custom)?;
    }
    Ok(address)
}

impl Waiting {
    fn of(pace: Pace, max_issue_age: Option<Duration>) -> Self {
        Self {
            expires_at: pace.left().and_then(seconds_at),
            interval: u64::try_from(pace.interval.as_millis()).unwrap_or(u64::MAX),
            max_issue_age: max_issue_age.map(|age| age.as_secs()),
        }
    }

    fn left(self) -> Option<Duration> {
        self.expires_at.and_then(time).map(left)
    }

    fn max_issue_age(self) -> Option<Duration> {
        self.max_issue_age.map(Duration::from_secs)
    }

    fn pace(self) -> Pace {
        Pace::new(Some(Duration::from_millis(self.interval)), self.left())
    }
}

impl DeviceLogin {
    /// Returns the login in a form that can be stored; [`Oidc::resume_device`] resumes it. Added
    /// parameters are not included.
    pub fn saved(&self) -> SavedDeviceLogin {
        SavedDeviceLogin {
            device_code: self.device_code.clone(),
            user_code: self.user_code.clone(),
            verification_uri: self.verification_uri.clone(),
            verification_uri_complete: self.verification_uri_complete.clone(),
            verifier: self.verifier.clone(),
            waiting: Waiting::of(self.slow_downs.pace(self.pace), self.max_issue_age),
        }
    }
}

impl BackchannelLogin {
    /// Returns the login in a form that can be stored; [`Oidc::resume_backchannel`] resumes it.
    /// Added parameters are not included.
    pub fn saved(&self) -> SavedBackchannelLogin {
        SavedBackchannelLogin {
            auth_req_id: self.auth_req_id.clone(),
            notification_token: self.notification_token.clone(),
            waiting: Waiting::of(self.slow_downs.pace(self.pace), self.max_issue_age),
        }
    }
}

impl Oidc {
    /// Resumes a stored device login. Its [`expires_in`](DeviceLogin::expires_in) is the time that
    /// is left.
    ///
    /// ```no_run
    /// # async fn show(oidc: keycloak_kit::oidc::Oidc) -> Result<(), Box<dyn std::error::Error>> {
    /// let text = serde_json::to_string(&oidc.device().await?.saved())?;
    /// // Later, in another process:
    /// let login = oidc.resume_device(serde_json::from_str(&text)?);
    /// if let Some(tokens) = login.poll().await? {
    ///     oidc.userinfo(&tokens).await?;
    /// }
    /// # Ok(()) }
    /// ```
    pub fn resume_device(&self, saved: SavedDeviceLogin) -> DeviceLogin {
        DeviceLogin {
            oidc: self.clone(),
            device_code: saved.device_code,
            user_code: saved.user_code,
            verification_uri: saved.verification_uri,
            verification_uri_complete: saved.verification_uri_complete,
            expires_in: saved.waiting.left(),
            verifier: saved.verifier,
            pace: saved.waiting.pace(),
            slow_downs: SlowDowns::default(),
            max_issue_age: saved.waiting.max_issue_age(),
            params: Params::default(),
        }
    }

    /// Resumes a stored backchannel login. Its [`expires_in`](BackchannelLogin::expires_in) is the
    /// time that is left.
    pub fn resume_backchannel(&self, saved: SavedBackchannelLogin) -> BackchannelLogin {
        BackchannelLogin {
            oidc: self.clone(),
            auth_req_id: saved.auth_req_id,
            expires_in: saved.waiting.left(),
            notification_token: saved.notification_token,
            pace: saved.waiting.pace(),
            slow_downs: SlowDowns::default(),
            max_issue_age: saved.waiting.max_issue_age(),
            params: Params::default(),
        }
    }
}

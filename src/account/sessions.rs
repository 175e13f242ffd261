//! The user's sessions and devices.

use super::call::Account;
use super::part;
use crate::error::Result;
use crate::operation::Operation;

const SESSIONS: Operation = Operation::new(
    "account.sessions",
    "GET",
    "/realms/{realm}/account/sessions",
);
const DEVICES: Operation = Operation::new(
    "account.devices",
    "GET",
    "/realms/{realm}/account/sessions/devices",
);
const END: Operation = Operation::new(
    "account.end_session",
    "DELETE",
    "/realms/{realm}/account/sessions/{id}",
);
const END_OTHERS: Operation = Operation::new(
    "account.end_other_sessions",
    "DELETE",
    "/realms/{realm}/account/sessions",
);
const END_ALL: Operation = Operation::new(
    "account.end_all_sessions",
    "DELETE",
    "/realms/{realm}/account/sessions",
);

part! {
    /// A session of the user.
    AccountSession {
        /// The session's id, the `sid` of its tokens.
        id: String,
        /// The IP address from which the session was started.
        ip_address: String,
        /// The start time, in seconds since the Unix epoch.
        started: i64,
        /// The time of last use, in seconds since the Unix epoch.
        last_access: i64,
        /// The expiry time, in seconds since the Unix epoch.
        expires: i64,
        /// The browser and its version.
        browser: String,
        /// Whether the token belongs to this session.
        current: bool,
        /// The clients with a login in this session.
        clients: Vec<SessionClient>,
    }
}

part! {
    /// A client with a session of the user.
    SessionClient {
        /// The client's id.
        client_id: String,
        /// The client's display name.
        client_name: String,
    }
}

part! {
    /// A device with sessions of the user.
    Device {
        /// The id of the most recently used session.
        id: String,
        /// The IP address.
        ip_address: String,
        /// The operating system.
        os: String,
        /// The version of the operating system.
        os_version: String,
        /// The browser.
        browser: String,
        /// The device, such as `iPhone`.
        device: String,
        /// Whether this is a mobile device.
        mobile: bool,
        /// The time of last use, in seconds since the Unix epoch.
        last_access: i64,
        /// Whether the token belongs to a session of this device.
        current: bool,
        /// The sessions of this device.
        sessions: Vec<AccountSession>,
    }
}

impl Account {
    /// Lists the user's sessions. The role `view-profile` is sufficient.
    ///
    /// # Errors
    /// Returns an error in the same cases as [`profile`](Self::profile).
    pub async fn sessions(&self) -> Result<Vec<AccountSession>> {
        self.get(&SESSIONS, &["sessions"], &[]).await
    }

    /// Lists the devices on which the user is logged in.
    ///
    /// # Errors
    /// Returns an error in the same cases as [`profile`](Self::profile).
    pub async fn devices(&self) -> Result<Vec<Device>> {
        self.get(&DEVICES, &["sessions", "devices"], &[]).await
    }

    /// Ends a session. The server reports no error if the user has no session with this id.
    ///
    /// # Errors
    /// Returns an error in the same cases as [`profile`](Self::profile).
    pub async fn end_session(&self, id: impl AsRef<str> + Send) -> Result<()> {
        self.delete(&END, &["sessions", id.as_ref()], &[]).await
    }

    /// Ends all sessions except the token's.
    ///
    /// # Errors
    /// Returns an error in the same cases as [`profile`](Self::profile).
    pub async fn end_other_sessions(&self) -> Result<()> {
        self.delete(&END_OTHERS, &["sessions"], &[("current", "false")])
            .await
    }

    /// Ends all sessions, including the token's.
    ///
    /// # Errors
    /// Returns an error in the same cases as [`profile`](Self::profile).
    pub async fn end_all_sessions(&self) -> Result<()> {
        self.delete(&END_ALL, &["sessions"], &[("current", "true")])
            .await
    }
}

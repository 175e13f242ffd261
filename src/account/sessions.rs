//! Where the user is logged in.

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
        /// Its id, the `sid` of its tokens.
        id: String,
        /// Where it was started from.
        ip_address: String,
        /// When it was started, in seconds since 1970.
        started: i64,
        /// When it was used last, in seconds since 1970.
        last_access: i64,
        /// When it ends, in seconds since 1970.
        expires: i64,
        /// The browser and its version.
        browser: String,
        /// Whether it is the one of the token.
        current: bool,
        /// The clients that are logged in to with it.
        clients: Vec<SessionClient>,
    }
}

part! {
    /// A client with a session of the user.
    SessionClient {
        /// The id applications know it by.
        client_id: String,
        /// The name users see.
        client_name: String,
    }
}

part! {
    /// A device with sessions of the user.
    Device {
        /// The id of the session that was used last.
        id: String,
        /// Its address.
        ip_address: String,
        /// Its operating system.
        os: String,
        /// The release of that.
        os_version: String,
        /// The browser.
        browser: String,
        /// What it is, such as `iPhone`.
        device: String,
        /// Whether it is a telephone or the like.
        mobile: bool,
        /// When it was used last, in seconds since 1970.
        last_access: i64,
        /// Whether it is the one of the token.
        current: bool,
        /// The sessions on it.
        sessions: Vec<AccountSession>,
    }
}

impl Account {
    /// The user's sessions. `view-profile` is enough.
    ///
    /// # Errors
    /// As [`profile`](Self::profile).
    pub async fn sessions(&self) -> Result<Vec<AccountSession>> {
        self.get(&SESSIONS, &["sessions"], &[]).await
    }

    /// The devices the user is logged in on.
    ///
    /// # Errors
    /// As [`profile`](Self::profile).
    pub async fn devices(&self) -> Result<Vec<Device>> {
        self.get(&DEVICES, &["sessions", "devices"], &[]).await
    }

    /// Ends one session. An id that is none of the user's is no error: the server does not tell.
    ///
    ///
    /// # Errors
    /// As [`profile`](Self::profile).
    pub async fn end_session(&self, id: impl AsRef<str> + Send) -> Result<()> {
        self.delete(&END, &["sessions", id.as_ref()], &[]).await
    }

    /// Ends every session but that of the token.
    ///
    /// # Errors
    /// As [`profile`](Self::profile).
    pub async fn end_other_sessions(&self) -> Result<()> {
        self.delete(&END_OTHERS, &["sessions"], &[("current", "false")])
            .await
    }

    /// Ends every session, that of the token included.
    ///
    /// # Errors
    /// As [`profile`](Self::profile).
    pub async fn end_all_sessions(&self) -> Result<()> {
        self.delete(&END_ALL, &["sessions"], &[("current", "true")])
            .await
    }
}

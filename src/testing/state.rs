//! What the provider knows.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use super::clients::TestClient;
use super::defect::Defects;
use super::keys::Keys;
use super::pending::Pending;
use super::pushed::Pushed;
use super::request::RecordedRequest;
use super::users::TestUser;
use crate::HttpService;
use crate::jose::time::unix_seconds;
use crate::jose::{SignatureAlgorithm, hash};

/// What the provider and its server share.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// Sends messages to clients.
    pub(super) service: Arc<dyn HttpService>,
}

impl Shared {
    pub(super) fn new(state: State, service: Arc<dyn HttpService>) -> Self {
        Self {
            state: Mutex::new(state),
            service,
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // A panic of a test must not hide what it was about.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) struct State {
    /// The path of the realm, which the issuer ends with.
    pub(super) realm_path: String,
    pub(super) realm: String,
    pub(super) issuer: String,
    pub(super) keys: Keys,
    pub(super) requests: Vec<RecordedRequest>,
    pub(super) access_token_lifespan: Duration,
    pub(super) users: Vec<TestUser>,
    pub(super) clients: Vec<TestClient>,
    /// The user and the session of the logins that ask nobody.
    pub(super) login: Option<AutomaticLogin>,
    pub(super) sessions: BTreeMap<String, Session>,
    pub(super) codes: HashMap<String, Code>,
    /// By the text of the token.
    pub(super) access_tokens: HashMap<String, AccessRecord>,
    pub(super) refresh_tokens: HashMap<String, RefreshRecord>,
    pub(super) id_tokens: HashMap<String, AccessRecord>,
    pub(super) used_assertions: HashSet<String>,
    pub(super) used_proofs: HashSet<String>,
    /// By `request_uri`.
    pub(super) pushed: HashMap<String, Pushed>,
    /// By device code or `auth_req_id`.
    pub(super) pending: HashMap<String, Pending>,
    pub(super) defects: Defects,
}

/// Whom the authorization endpoint logs in without asking.
#[derive(Debug, Clone)]
pub(super) struct AutomaticLogin {
    pub(super) username: String,
    pub(super) session: Option<String>,
}

/// A login of a user.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) username: String,
    pub(super) subject: String,
    pub(super) auth_time: i64,
    pub(super) acr: String,
    /// The clients that have tokens of it.
    pub(super) clients: BTreeSet<String>,
}

/// An authorization code.
#[derive(Clone)]
pub(super) struct Code {
    pub(super) client_id: String,
    pub(super) session: String,
    pub(super) redirect_uri: String,
    pub(super) scope: String,
    pub(super) nonce: Option<String>,
    pub(super) challenge: Option<String>,
    pub(super) plain: bool,
    /// The key that the tokens will be bound to.
    pub(super) dpop_key: Option<String>,
    pub(super) expires: i64,
    pub(super) used: bool,
}

/// An access token or an ID token that was issued.
#[derive(Clone)]
pub(super) struct AccessRecord {
    /// Those of a lightweight token too that the token itself lacks.
    pub(super) claims: Map<String, Value>,
    /// None for a token of a test or of a service account.
    pub(super) session: Option<String>,
}

impl AccessRecord {
    /// Returns the thumbprint of the key that the token is bound to (RFC 9449 section 6.1).
    pub(super) fn dpop_key(&self) -> Option<&str> {
        self.claims.get("cnf")?.get("jkt")?.as_str()
    }
}

/// A refresh token that was issued.
#[derive(Clone)]
pub(super) struct RefreshRecord {
    pub(super) client_id: String,
    pub(super) session: String,
    pub(super) login: Session,
    pub(super) scope: String,
    pub(super) offline: bool,
    /// The key that the token is bound to: a public client's.
    pub(super) dpop_key: Option<String>,
    pub(super) expires: i64,
    pub(super) used: bool,
}

impl State {
    pub(super) fn new(base: &str, realm: String, realm_path: String, keys: Keys) -> Self {
        Self {
            issuer: format!("{base}{realm_path}"),
            realm_path,
            realm,
            keys,
            requests: Vec::new(),
            access_token_lifespan: Duration::from_secs(300),
            users: Vec::new(),
            clients: Vec::new(),
            login: None,
            sessions: BTreeMap::new(),
            codes: HashMap::new(),
            access_tokens: HashMap::new(),
            refresh_tokens: HashMap::new(),
            id_tokens: HashMap::new(),
            used_assertions: HashSet::new(),
            used_proofs: HashSet::new(),
            pushed: HashMap::new(),
            pending: HashMap::new(),
            defects: Defects::default(),
        }
    }

    /// Returns the base URL.
    pub(super) fn base(&self) -> &str {
        self.issuer
            .strip_suffix(&self.realm_path)
            .unwrap_or(&self.issuer)
    }

    pub(super) fn client(&self, id: &str) -> Option<TestClient> {
        self.clients.iter().find(|client| client.id == id).cloned()
    }

    pub(super) fn user(&self, username: &str) -> Option<TestUser> {
        let mut users = self.users.iter();
        users.find(|user| user.username == username).cloned()
    }

    /// Starts the session of a user.
    pub(super) fn start_session(&mut self, user: &TestUser, acr: String) -> String {
        let id = new_id();
        let session = Session {
            username: user.username.clone(),
            subject: user.subject.clone(),
            auth_time: now(),
            acr,
            clients: BTreeSet::new(),
        };
        self.sessions.insert(id.clone(), session);
        id
    }

    /// Ends the tokens that a client has of a session.
    pub(super) fn detach(&mut self, session: &str, client_id: &str) {
        if let Some(session) = self.sessions.get_mut(session) {
            session.clients.remove(client_id);
        }
        // They do not come back with a later login of the session.
        let records = self.refresh_tokens.values_mut();
        for record in records.filter(|one| one.session == session && one.client_id == client_id) {
            record.used = true;
        }
    }

    /// Signs the claims of a token, with all defects.
    pub(super) fn sign(
        &mut self,
        algorithm: Option<SignatureAlgorithm>,
        typ: &str,
        claims: &Map<String, Value>,
    ) -> String {
        let algorithm = algorithm.unwrap_or(self.keys.default_algorithm());
        let mut claims = claims.clone();
        self.defects.spoil(&mut claims);
        let fault = self.defects.of_signature();
        self.keys.sign(algorithm, typ, &claims, fault)
    }
}

/// Tokens and codes are not shown.
impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

/// Returns the members of a JSON object.
pub(super) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// Returns the time in seconds since 1970.
pub(super) fn now() -> i64 {
    unix_seconds(SystemTime::now())
}

/// Returns a lifetime in whole seconds.
pub(super) fn seconds(lifetime: Duration) -> i64 {
    i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX / 2)
}

/// Returns a random identifier of 22 characters.
pub(super) fn new_id() -> String {
    // Without random numbers on this machine there is nothing to keep apart: nothing is signed.
    hash::random::<16>().unwrap_or_default()
}

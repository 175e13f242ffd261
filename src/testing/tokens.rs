//! The tokens that the endpoints issue.

use serde_json::{Map, Value, json};

use super::clients::TestClient;
use super::defect::Defect;
use super::state::{AccessRecord, RefreshRecord, Session, State, new_id, now, object, seconds};
use crate::jose::{SignatureAlgorithm, hash};

/// The lifetime of a refresh token, in seconds.
const REFRESH_LIFESPAN: i64 = 1800;

/// The lifetime of an ID token, in seconds. A test that lets access tokens expire at once still logs
/// its users in.
const ID_TOKEN_LIFESPAN: i64 = 300;

/// The claims that a lightweight access token lacks and its introspection response has, as far as
/// the provider writes them.
const NOT_IN_LIGHTWEIGHT: &[&str] = &[
    "sub",
    "aud",
    "acr",
    "auth_time",
    "realm_access",
    "resource_access",
    "groups",
    "organization",
    "name",
    "given_name",
    "family_name",
    "preferred_username",
    "email",
    "email_verified",
];

/// What tokens are issued for.
#[derive(Debug)]
pub(super) struct Issue<'a> {
    pub(super) client: &'a TestClient,
    pub(super) session: &'a str,
    pub(super) login: &'a Session,
    pub(super) scope: &'a str,
    pub(super) nonce: Option<&'a str>,
    /// The two letters of the grant in the id of the access token.
    pub(super) grant: &'static str,
    /// The key that the tokens are bound to.
    pub(super) dpop_key: Option<&'a str>,
}

/// Returns the scopes that are granted: what was requested, and the default ones.
pub(super) fn granted(requested: Option<&str>) -> String {
    let mut scopes: Vec<&str> = requested.unwrap_or_default().split_whitespace().collect();
    for default in ["email", "profile"] {
        if !scopes.contains(&default) {
            scopes.push(default);
        }
    }
    scopes.join(" ")
}

pub(super) fn has_scope(scope: &str, name: &str) -> bool {
    scope.split(' ').any(|one| one == name)
}

/// Returns the response of the token endpoint to a login.
pub(super) fn issue(state: &mut State, issue: &Issue<'_>) -> Value {
    let Issue {
        client,
        session,
        login,
        scope,
        ..
    } = *issue;
    if let Some(session) = state.sessions.get_mut(session) {
        session.clients.insert(client.id.clone());
    }
    let now = now();
    let lifespan = seconds(state.access_token_lifespan);
    let offline = has_scope(scope, "offline_access");
    let user = state.user(&login.username);
    let common = object(json!({
        "exp": now.saturating_add(lifespan), "iat": now, "auth_time": login.auth_time,
        "iss": state.issuer, "sub": login.subject, "azp": client.id, "sid": session,
        "acr": login.acr,
    }));
    let about_user = user.as_ref().map(|user| user.claims(scope));

    let mut access = common.clone();
    access.insert("typ".to_owned(), "Bearer".into());
    access.insert("scope".to_owned(), scope.into());
    access.insert(
        "jti".to_owned(),
        access_token_id(if offline { "of" } else { "on" }, client, issue.grant),
    );
    bind(&mut access, issue.dpop_key);
    access.extend(about_user.clone().unwrap_or_default());
    if let Some(user) = &user {
        access.extend(user.access_token_claims());
    }
    let of_roles = user.iter().flat_map(|user| user.clients());
    set_audience(&mut access, client, of_roles);
    let access_token = sign_access_token(state, client, access, Some(session));

    let refresh_lifespan = if offline { 0 } else { REFRESH_LIFESPAN };
    let mut response = json!({
        "access_token": access_token, "expires_in": lifespan,
        "refresh_expires_in": refresh_lifespan,
        "refresh_token": refresh_token(state, issue, offline),
        "token_type": token_type(issue.dpop_key), "not-before-policy": 0,
        "session_state": session, "scope": scope,
    });
    if has_scope(scope, "openid") && !state.defects.has(Defect::MissingIdToken) {
        let mut id = common;
        id.extend(about_user.unwrap_or_default());
        id.extend(object(json!({
            "aud": client.id, "typ": "ID", "jti": new_id(),
            "exp": now.saturating_add(ID_TOKEN_LIFESPAN),
        })));
        if let Some(nonce) = issue.nonce {
            id.insert("nonce".to_owned(), nonce.into());
        }
        let algorithm = client.id_token_algorithm;
        let hashed_with = algorithm.unwrap_or(state.keys.default_algorithm());
        let access_token = response["access_token"].as_str().unwrap_or_default();
        id.insert(
            "at_hash".to_owned(),
            hash::half(hashed_with, access_token).into(),
        );
        let id_token = state.sign(algorithm, "JWT", &id);
        let record = AccessRecord {
            claims: id,
            session: Some(session.to_owned()),
        };
        state.id_tokens.insert(id_token.clone(), record);
        response["id_token"] = id_token.into();
    }
    response
}

/// Returns the response of the token endpoint to a client that acts for itself.
pub(super) fn issue_to_service_account(
    state: &mut State,
    client: &TestClient,
    scope: &str,
    dpop_key: Option<&str>,
) -> Value {
    let now = now();
    let lifespan = seconds(state.access_token_lifespan);
    let mut access = object(json!({
        "exp": now.saturating_add(lifespan), "iat": now, "iss": state.issuer,
        "jti": access_token_id("tr", client, "cc"), "sub": format!("service-account-{}", client.id),
        "typ": "Bearer", "azp": client.id, "acr": "1", "scope": scope, "client_id": client.id,
        "preferred_username": format!("service-account-{}", client.id),
    }));
    bind(&mut access, dpop_key);
    if !client.realm_roles.is_empty() {
        let roles = json!({ "roles": client.realm_roles });
        access.insert("realm_access".to_owned(), roles);
    }
    set_audience(&mut access, client, std::iter::empty());
    let token = sign_access_token(state, client, access, None);
    json!({
        "access_token": token, "expires_in": lifespan, "refresh_expires_in": 0,
        "token_type": token_type(dpop_key), "not-before-policy": 0, "scope": scope,
    })
}

/// Binds a token to a key (RFC 9449 section 6.1).
fn bind(claims: &mut Map<String, Value>, dpop_key: Option<&str>) {
    if let Some(key) = dpop_key {
        claims.insert("cnf".to_owned(), json!({ "jkt": key }));
    }
}

pub(super) fn token_type(dpop_key: Option<&str>) -> &'static str {
    if dpop_key.is_some() { "DPoP" } else { "Bearer" }
}

/// Returns an id as Keycloak makes it: two letters each for the session, the kind of token and the
/// grant.
fn access_token_id(session: &str, client: &TestClient, grant: &str) -> Value {
    let kind = if client.lightweight { "lt" } else { "rt" };
    format!("{session}{kind}{grant}:{}", new_id()).into()
}

/// Sets `aud`: the client's audience mappers, and the clients that the user has roles of.
fn set_audience<'a>(
    claims: &mut Map<String, Value>,
    client: &'a TestClient,
    of_roles: impl Iterator<Item = &'a str>,
) {
    let mut all: Vec<&str> = client.audiences.iter().map(String::as_str).collect();
    all.extend(of_roles.filter(|other| *other != client.id));
    all.sort_unstable();
    all.dedup();
    match all.as_slice() {
        [] => {}
        [one] => {
            claims.insert("aud".to_owned(), (*one).into());
        }
        many => {
            claims.insert("aud".to_owned(), json!(many));
        }
    }
}

fn sign_access_token(
    state: &mut State,
    client: &TestClient,
    claims: Map<String, Value>,
    session: Option<&str>,
) -> String {
    let record = AccessRecord {
        claims,
        session: session.map(str::to_owned),
    };
    record_access_token(state, None, "JWT", client.lightweight, record)
}

/// Signs an access token and remembers it.
pub(super) fn record_access_token(
    state: &mut State,
    algorithm: Option<SignatureAlgorithm>,
    typ: &str,
    lightweight: bool,
    record: AccessRecord,
) -> String {
    let mut signed = record.claims.clone();
    if lightweight {
        signed.retain(|name, _| !NOT_IN_LIGHTWEIGHT.contains(&name.as_str()));
    }
    let token = state.sign(algorithm, typ, &signed);
    state.access_tokens.insert(token.clone(), record);
    token
}

fn refresh_token(state: &mut State, issue: &Issue<'_>, offline: bool) -> String {
    let now = now();
    let expires = now + REFRESH_LIFESPAN;
    let mut claims = object(json!({
        "iat": now, "jti": new_id(), "iss": state.issuer, "aud": state.issuer,
        "sub": issue.login.subject, "typ": if offline { "Offline" } else { "Refresh" },
        "azp": issue.client.id, "sid": issue.session, "scope": issue.scope,
    }));
    if !offline {
        claims.insert("exp".to_owned(), expires.into());
    }
    let token = state
        .keys
        .sign(SignatureAlgorithm::Hs512, "JWT", &claims, None);
    // RFC 9449 section 5: the refresh tokens of other clients are bound by their authentication.
    let bound = issue.dpop_key.filter(|_| issue.client.is_public());
    let record = RefreshRecord {
        client_id: issue.client.id.clone(),
        session: issue.session.to_owned(),
        login: issue.login.clone(),
        scope: issue.scope.to_owned(),
        offline,
        dpop_key: bound.map(str::to_owned),
        expires: if offline { i64::MAX } else { expires },
        used: false,
    };
    state.refresh_tokens.insert(token.clone(), record);
    token
}

//! Splitting permissions that are too long for one request.

#[cfg(test)]
mod tests;

use super::requested::RequestedPermission;
use crate::error::{Result, invalid_argument};
use crate::oidc::Permission;
use crate::oidc::limits::{self, ParameterLimits};
use crate::operation::Operation;

/// The name of the request parameter.
pub(super) const PERMISSION: &str = "permission";

/// The maximum number of permissions in a request. Keycloak responds with 500 to a form of more
/// than a thousand fields (Quarkus' `quarkus.http.limits.max-form-fields`).
const MAX_PERMISSIONS: usize = 900;

/// Returns the permissions as text, in parts that each fit into one request. Without permissions
/// there is one empty part.
pub(super) fn split(
    op: &Operation,
    limits: &ParameterLimits,
    wanted: &[RequestedPermission],
) -> Result<Vec<Vec<String>>> {
    let limit = limits.of(PERMISSION);
    let mut parts: Vec<Vec<String>> = vec![Vec::new()];
    let mut used = 0_usize;
    for text in texts(op, limits, wanted)? {
        let length = limits::length(&text);
        let full = |part: &Vec<String>| {
            part.len() >= MAX_PERMISSIONS
                || (!part.is_empty() && used.saturating_add(length) > limit)
        };
        match parts.last_mut() {
            Some(part) if !full(part) => {
                used = used.saturating_add(length);
                part.push(text);
            }
            _ => {
                used = length;
                parts.push(vec![text]);
            }
        }
    }
    Ok(parts)
}

/// Returns the permissions as text. A permission that is too long is split into several with fewer
/// scopes each.
fn texts(
    op: &Operation,
    limits: &ParameterLimits,
    wanted: &[RequestedPermission],
) -> Result<Vec<String>> {
    let limit = limits.of(PERMISSION);
    let mut texts = Vec::new();
    for permission in wanted {
        let text = permission.text(op)?;
        if limits::length(&text) <= limit {
            texts.push(text);
            continue;
        }
        let mut chunk: Option<(RequestedPermission, String)> = None;
        for single in permission.singles() {
            if let Some((so_far, _)) = &chunk {
                let longer = so_far.clone().and(&single);
                let text = longer.text(op)?;
                if limits::length(&text) <= limit {
                    chunk = Some((longer, text));
                    continue;
                }
            }
            let text = single.text(op)?;
            limits.check_one(op, PERMISSION, limits::length(&text))?;
            texts.extend(chunk.replace((single, text)).map(|(_, text)| text));
        }
        texts.extend(chunk.map(|(_, text)| text));
    }
    Ok(texts)
}

/// Returns the permissions as text for a single request.
pub(super) fn whole(
    op: &Operation,
    limits: &ParameterLimits,
    wanted: &[RequestedPermission],
) -> Result<Vec<String>> {
    let texts: Vec<String> = wanted
        .iter()
        .map(|permission| permission.text(op))
        .collect::<Result<_>>()?;
    let length: usize = texts.iter().map(|text| limits::length(text)).sum();
    let limit = limits.of(PERMISSION);
    if length > limit {
        return Err(invalid_argument(
            op,
            format!(
                "the permissions have {length} characters in total, and the server ignores more than \
                 {limit}; a requesting party token cannot be requested in parts: request fewer \
                 permissions, or set the server's limit with parameter_limits"
            ),
        ));
    }
    if texts.len() > MAX_PERMISSIONS {
        return Err(invalid_argument(
            op,
            format!(
                "there are {} permissions, and a request can have {MAX_PERMISSIONS}; a requesting \
                 party token cannot be requested in parts: request fewer permissions",
                texts.len()
            ),
        ));
    }
    Ok(texts)
}

/// Merges the permissions granted for all parts, with one entry per resource.
pub(super) fn union(parts: Vec<Vec<Permission>>) -> Vec<Permission> {
    let mut all: Vec<Permission> = Vec::new();
    for granted in parts.into_iter().flatten() {
        let same = |known: &&mut Permission| {
            known.resource_id.is_some()
                && known.resource_id == granted.resource_id
                && known.resource_name == granted.resource_name
        };
        match all.iter_mut().find(same) {
            Some(known) => {
                for scope in granted.scopes {
                    if !known.scopes.contains(&scope) {
                        known.scopes.push(scope);
                    }
                }
            }
            None => all.push(granted),
        }
    }
    all
}

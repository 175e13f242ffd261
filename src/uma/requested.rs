//! Permissions in requests.

use crate::error::{Result, invalid_argument};
use crate::oidc::Permission;
use crate::operation::Operation;

/// A requested permission: a resource, scopes of a resource, or scopes of any resource.
///
/// It is created from text, `resource#scope,scope`, or with its functions if a name contains `#` or
/// a comma.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestedPermission {
    resource: Option<String>,
    scopes: Vec<String>,
}

impl RequestedPermission {
    /// Requests any access to a resource, by id or name.
    pub fn resource(resource: impl Into<String>) -> Self {
        Self {
            resource: Some(resource.into()),
            scopes: Vec::new(),
        }
    }

    /// Requests a scope of any resource.
    pub fn any_resource(scope: impl Into<String>) -> Self {
        Self {
            resource: None,
            scopes: vec![scope.into()],
        }
    }

    /// Adds a scope.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scopes.push(scope.into());
        self
    }

    /// Returns the text for the server, which splits it at the first `#` and at commas.
    pub(super) fn text(&self, op: &Operation) -> Result<String> {
        let resource = self.resource.as_deref().unwrap_or_default();
        let fault = if resource.is_empty() && self.scopes.is_empty() {
            Some("is empty: write resource, resource#scope or #scope")
        } else if resource.contains('#') {
            Some("has a resource with a # in its name: use the resource's id")
        } else if self.scopes.iter().any(|scope| scope.trim().is_empty()) {
            Some("has an empty scope")
        } else if self.scopes.iter().any(|scope| scope.contains(['#', ','])) {
            Some("has a scope that contains # or a comma, which the server cannot read")
        } else if resource.chars().any(char::is_control) {
            Some("has a resource that contains a control character, which newer servers drop")
        } else if self
            .scopes
            .iter()
            .any(|scope| scope.chars().any(char::is_control))
        {
            Some("has a scope that contains a control character, which newer servers drop")
        } else {
            None
        };
        if let Some(fault) = fault {
            return Err(invalid_argument(op, format!("a permission {fault}")));
        }
        Ok(if self.scopes.is_empty() {
            resource.to_owned()
        } else {
            format!("{resource}#{}", self.scopes.join(","))
        })
    }

    /// Returns one permission for each scope.
    pub(super) fn singles(&self) -> Vec<Self> {
        if self.scopes.is_empty() {
            return vec![self.clone()];
        }
        let scopes = self.scopes.iter();
        scopes
            .map(|scope| Self {
                resource: self.resource.clone(),
                scopes: vec![scope.clone()],
            })
            .collect()
    }

    /// Adds the scopes of another permission.
    pub(super) fn and(mut self, other: &Self) -> Self {
        self.scopes.extend(other.scopes.iter().cloned());
        self
    }

    /// Returns the id or name of the resource, unless the permission is for a type or any resource.
    pub(super) fn named_resource(&self) -> Option<&str> {
        let resource = self.resource.as_deref()?;
        let by_type = resource.starts_with("resource-type");
        (!by_type && !resource.is_empty()).then_some(resource)
    }

    /// Returns the text of each single permission.
    pub(super) fn each(&self) -> Vec<String> {
        let resource = self.resource.as_deref().unwrap_or_default();
        if self.scopes.is_empty() {
            return vec![resource.to_owned()];
        }
        let scopes = self.scopes.iter();
        scopes.map(|scope| format!("{resource}#{scope}")).collect()
    }

    /// Returns the text of each single permission that is not in `granted`.
    pub(super) fn missing_in(&self, granted: &[Permission]) -> Vec<String> {
        let fits: Vec<&Permission> = granted
            .iter()
            .filter(|granted| match &self.resource {
                None => true,
                Some(wanted) => {
                    granted.resource_id.as_ref() == Some(wanted)
                        || granted.resource_name.as_ref() == Some(wanted)
                }
            })
            .collect();
        if self.scopes.is_empty() {
            return if fits.is_empty() {
                self.each()
            } else {
                Vec::new()
            };
        }
        let has = |scope: &String| fits.iter().any(|granted| granted.scopes.contains(scope));
        let scopes = self.scopes.iter().zip(self.each());
        scopes
            .filter(|(scope, _)| !has(scope))
            .map(|(_, text)| text)
            .collect()
    }
}

impl From<&str> for RequestedPermission {
    fn from(text: &str) -> Self {
        let (resource, scopes) = match text.split_once('#') {
            Some((resource, scopes)) => (resource, scopes.split(',').map(str::to_owned).collect()),
            None => (text, Vec::new()),
        };
        Self {
            resource: (!resource.is_empty()).then(|| resource.to_owned()),
            scopes,
        }
    }
}

impl From<String> for RequestedPermission {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl From<&String> for RequestedPermission {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OP: Operation = Operation::new("test", "", "");

    fn granted(name: &str, scopes: &[&str]) -> Permission {
        let value = serde_json::json!([{ "rsid": "id-1", "rsname": name, "scopes": scopes }]);
        Permission::list(Some(&value)).remove(0)
    }

    #[test]
    fn every_form_is_read_and_written_back() {
        for text in ["a", "a#x", "a#x,y", "#x"] {
            assert_eq!(RequestedPermission::from(text).text(&OP).unwrap(), text);
        }
        for text in ["", "#", "a#", "a#x,", "a#b#c"] {
            assert!(RequestedPermission::from(text).text(&OP).is_err(), "{text}");
        }
        let named = RequestedPermission::resource("a#b").scope("x");
        assert!(named.text(&OP).unwrap_err().to_string().contains("id"));
    }

    #[test]
    fn each_scope_is_looked_for() {
        let given = [granted("album", &["view"])];
        let missing = |text: &str| RequestedPermission::from(text).missing_in(&given);
        assert_eq!(missing("album#view,edit"), ["album#edit"]);
        assert_eq!(missing("id-1#view"), [""; 0]);
        assert_eq!(missing("album"), [""; 0]);
        assert_eq!(missing("other"), ["other"]);
        assert_eq!(missing("other#view"), ["other#view"]);
        assert_eq!(missing("#edit"), ["#edit"]);
        assert_eq!(missing("#view"), [""; 0]);
    }
}

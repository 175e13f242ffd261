//! The place of a group: a path, or a list of names.

use super::handles::{Groups, Organization, OrganizationGroups, Realm};
use super::ids::GroupPath;
use super::is_missing;
use super::representations::GroupRepresentation;
use crate::Result;

/// The 404 for a path that leads to no group.
const NO_GROUP: &[&str] = &["Group path does not exist"];

/// The place of a group: its path, `"/staff/it"`, or the names from the top down to it,
/// `["staff", "it"]`.
///
/// A path does not say whether a slash is part of a name: `"/a/b"` is the group `b` below `a`, or,
/// if there is none, the group `a/b`. A list of names is unambiguous.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupPlace(pub(crate) Place);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Path(GroupPath),
    Names(Vec<String>),
}

impl From<GroupPath> for GroupPlace {
    fn from(path: GroupPath) -> Self {
        Self(Place::Path(path))
    }
}

impl From<&GroupPath> for GroupPlace {
    fn from(path: &GroupPath) -> Self {
        path.clone().into()
    }
}

impl From<&str> for GroupPlace {
    fn from(path: &str) -> Self {
        GroupPath::new(path).into()
    }
}

impl From<String> for GroupPlace {
    fn from(path: String) -> Self {
        GroupPath::new(path).into()
    }
}

impl From<&String> for GroupPlace {
    fn from(path: &String) -> Self {
        GroupPath::new(path).into()
    }
}

impl<S: Into<String>, const N: usize> From<[S; N]> for GroupPlace {
    fn from(names: [S; N]) -> Self {
        Self(Place::Names(names.into_iter().map(Into::into).collect()))
    }
}

impl<S: AsRef<str>> From<&[S]> for GroupPlace {
    fn from(names: &[S]) -> Self {
        let names = names.iter().map(|name| name.as_ref().to_owned());
        Self(Place::Names(names.collect()))
    }
}

impl<S: Into<String>> From<Vec<S>> for GroupPlace {
    fn from(names: Vec<S>) -> Self {
        Self(Place::Names(names.into_iter().map(Into::into).collect()))
    }
}

fn named(found: Vec<GroupRepresentation>, name: &str) -> Option<GroupRepresentation> {
    let mut found = found.into_iter();
    found.find(|group| group.name.as_deref() == Some(name))
}

impl Groups {
    /// Finds the group at this place, such as `"/staff/admins"` or `["staff", "admins"]`. Returns
    /// `None` if it does not exist.
    ///
    /// A path finds a group with a slash in its name only if no other group has that path; a list
    /// of names always finds it.
    ///
    /// # Errors
    ///
    /// - [`Config`](crate::ErrorKind::Config) if the path names no group, such as `"/"` or
    ///   `"/a//b"`; no request is sent.
    /// - Any other [`ErrorKind`](crate::ErrorKind) if a request fails.
    #[inline]
    pub async fn find_by_path(
        &self,
        place: impl Into<GroupPlace>,
    ) -> Result<Option<GroupRepresentation>> {
        self.find_at(place.into()).await
    }

    pub(crate) async fn find_at(&self, place: GroupPlace) -> Result<Option<GroupRepresentation>> {
        let names = match place.0 {
            Place::Path(path) => {
                return match self.by_path(path).await {
                    Ok(found) => Ok(Some(found)),
                    Err(error) if is_missing(&error, NO_GROUP) => Ok(None),
                    Err(error) => Err(error),
                };
            }
            Place::Names(names) => names,
        };
        let realm = Realm {
            call: self.call.clone(),
            realm: self.realm.clone(),
        };
        let mut found: Option<GroupRepresentation> = None;
        for name in checked("realm.groups.find_by_path", &names)? {
            let next = match found {
                None => {
                    let top = self.list().search(name).exact(true);
                    named(top.brief_representation(false).all().await?, name)
                }
                Some(above) => {
                    let above = realm.group(above.group_id()?);
                    above.children().find_by_name(name).await?
                }
            };
            let Some(next) = next else {
                return Ok(None);
            };
            found = Some(next);
        }
        match found {
            // Read again, for the same members as a lookup by path returns.
            Some(group) => realm.group(group.group_id()?).get().await.map(Some),
            None => Ok(None),
        }
    }
}

impl OrganizationGroups {
    /// Finds the organization's group at this place, such as `"/staff/admins"` or
    /// `["staff", "admins"]`. Returns `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// - [`Config`](crate::ErrorKind::Config) if the path names no group, such as `"/"` or
    ///   `"/a//b"`; no request is sent.
    /// - Any other [`ErrorKind`](crate::ErrorKind) if a request fails.
    #[inline]
    pub async fn find_by_path(
        &self,
        place: impl Into<GroupPlace>,
    ) -> Result<Option<GroupRepresentation>> {
        self.find_at(place.into()).await
    }

    async fn find_at(&self, place: GroupPlace) -> Result<Option<GroupRepresentation>> {
        let names = match place.0 {
            Place::Path(path) => {
                return match self.by_path(path).await {
                    Ok(found) => Ok(Some(found)),
                    Err(error) if is_missing(&error, NO_GROUP) => Ok(None),
                    Err(error) => Err(error),
                };
            }
            Place::Names(names) => names,
        };
        let organization = Organization {
            call: self.call.clone(),
            realm: self.realm.clone(),
            org_id: self.org_id.clone(),
        };
        let mut found: Option<GroupRepresentation> = None;
        for name in checked("realm.organization.groups.find_by_path", &names)? {
            let next = match found {
                None => {
                    let top = self.list().search(name).exact(true);
                    named(top.brief_representation(false).all().await?, name)
                }
                Some(above) => {
                    let above = organization.group(above.group_id()?);
                    let below = above.children().list().search(name).exact(true);
                    named(below.all().await?, name)
                }
            };
            let Some(next) = next else {
                return Ok(None);
            };
            found = Some(next);
        }
        match found {
            Some(group) => organization.group(group.group_id()?).get().await.map(Some),
            None => Ok(None),
        }
    }
}

/// Refuses an empty list of names, and empty names.
pub(crate) fn checked<'a>(operation: &'static str, names: &'a [String]) -> Result<&'a [String]> {
    use crate::operation::Operation;

    if !names.is_empty() && names.iter().all(|name| !name.is_empty()) {
        return Ok(names);
    }
    let operation = Operation::new(operation, "GET", "/admin/realms/{realm}/groups");
    Err(crate::error::invalid_argument(
        &operation,
        "the list of names is empty or contains an empty name: name each group from the top down; \
         no request was sent",
    ))
}

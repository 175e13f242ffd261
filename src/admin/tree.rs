//! Trees of groups.

use futures_util::stream;

use super::handles::{Group, Groups, Organization, OrganizationGroup, OrganizationGroups, Realm};
use super::representations::GroupRepresentation;
use crate::Result;
use crate::stream::ItemStream;

/// A group and its place in the tree.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct GroupNode {
    /// The group, without its children.
    pub group: GroupRepresentation,
    /// The depth in the tree; 0 is the top level.
    pub depth: usize,
    /// The path, such as `/staff/it`.
    pub path: String,
}

type Level = ItemStream<GroupRepresentation>;

/// Lists the groups directly below a group, or at the top.
type Below = Box<dyn Fn(Option<&GroupRepresentation>, bool) -> Result<Level> + Send + Sync>;

/// A tree of groups: `realm.groups().tree()`.
///
/// Parents come before their children, siblings in the server's order. One request reads up to a
/// hundred siblings; the server's default is ten.
///
/// ```no_run
/// # async fn run(kc: keycloak_kit::Keycloak) -> keycloak_kit::Result<()> {
/// let mut tree = kc.realm("demo").groups().tree().stream();
/// while let Some(node) = tree.next().await {
///     let node = node?;
///     println!("{}{}", "  ".repeat(node.depth), node.path);
/// }
/// # Ok(()) }
/// ```
#[must_use = "nothing is read until the stream is polled"]
pub struct GroupTree {
    below: Below,
    above: String,
    brief: bool,
}

impl std::fmt::Debug for GroupTree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GroupTree")
            .field("above", &self.above)
            .field("brief", &self.brief)
            .finish_non_exhaustive()
    }
}

struct Walk {
    below: Below,
    brief: bool,
    /// The levels being read, each with its parent's path.
    levels: Vec<(Level, String)>,
}

impl GroupTree {
    fn new(below: Below) -> Self {
        Self {
            below,
            above: String::new(),
            brief: true,
        }
    }

    /// Sets whether to omit attributes and roles of the groups; the default is `true`.
    pub fn brief_representation(mut self, brief: bool) -> Self {
        self.brief = brief;
        self
    }

    /// Returns the groups, parents before their children.
    pub fn stream(self) -> ItemStream<GroupNode> {
        let Self {
            below,
            above,
            brief,
        } = self;
        let levels = match below(None, brief) {
            Ok(level) => vec![(level, above)],
            Err(failed) => return ItemStream::from_items(stream::iter([Err(failed)])),
        };
        let walk = Walk {
            below,
            brief,
            levels,
        };
        ItemStream::from_items(stream::try_unfold(walk, |mut walk| async move {
            let node = walk.next().await?;
            Ok(node.map(|node| (node, walk)))
        }))
    }

    /// Reads every group of [`stream`](Self::stream) into a list.
    ///
    /// # Errors
    ///
    /// Returns the error of the first request that fails.
    pub async fn all(self) -> Result<Vec<GroupNode>> {
        self.stream().collect().await
    }
}

impl Walk {
    async fn next(&mut self) -> Result<Option<GroupNode>> {
        while let Some((level, above)) = self.levels.last_mut() {
            let Some(group) = level.next().await else {
                self.levels.pop();
                continue;
            };
            let group = group?;
            let path = match &group.path {
                Some(path) => path.clone(),
                None => format!("{above}/{}", group.name.as_deref().unwrap_or_default()),
            };
            let depth = self.levels.len().saturating_sub(1);
            if group.sub_group_count != Some(0) {
                let children = (self.below)(Some(&group), self.brief)?;
                self.levels.push((children, path.clone()));
            }
            return Ok(Some(GroupNode { group, depth, path }));
        }
        Ok(None)
    }
}

/// Lists a group's children.
fn children(group: &Group, brief: bool) -> Level {
    let list = group.children().list().sub_groups_count(true);
    list.brief_representation(brief).stream()
}

impl Groups {
    /// Returns every group of the realm as a tree.
    #[inline]
    pub fn tree(&self) -> GroupTree {
        let (groups, realm) = (
            self.clone(),
            Realm {
                call: self.call.clone(),
                realm: self.realm.clone(),
            },
        );
        GroupTree::new(Box::new(move |group, brief| match group {
            None => {
                let list = groups.list().sub_groups_count(true);
                Ok(list.brief_representation(brief).stream())
            }
            Some(group) => Ok(children(&realm.group(group.group_id()?), brief)),
        }))
    }
}

impl Group {
    /// Returns every group below this one as a tree.
    #[inline]
    pub fn tree(&self) -> GroupTree {
        let top = self.clone();
        GroupTree::new(Box::new(move |group, brief| {
            let mut of = top.clone();
            if let Some(group) = group {
                of.group_id = group.group_id()?;
            }
            Ok(children(&of, brief))
        }))
    }
}

impl OrganizationGroups {
    /// Returns every group of the organization as a tree.
    #[inline]
    pub fn tree(&self) -> GroupTree {
        let (groups, organization) = (
            self.clone(),
            Organization {
                call: self.call.clone(),
                realm: self.realm.clone(),
                org_id: self.org_id.clone(),
            },
        );
        GroupTree::new(Box::new(move |group, brief| match group {
            None => {
                let list = groups.list().sub_groups_count(true);
                Ok(list.brief_representation(brief).stream())
            }
            Some(group) => {
                let group: OrganizationGroup = organization.group(group.group_id()?);
                Ok(group.children().list().sub_groups_count(true).stream())
            }
        }))
    }
}

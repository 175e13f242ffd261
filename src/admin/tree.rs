//! Whole trees of groups.

use futures_util::stream;

use super::ItemStream;
use super::handles::{Group, Groups, Organization, OrganizationGroup, OrganizationGroups, Realm};
use super::representations::GroupRepresentation;
use crate::Result;

/// A group and where it is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct GroupNode {
    /// The group, without its children.
    pub group: GroupRepresentation,
    /// How far it is below where the tree begins: 0 is directly there.
    pub depth: usize,
    /// Its path, such as `/staff/it`.
    pub path: String,
}

type Level = ItemStream<GroupRepresentation>;

/// Gives the groups directly below a group, or at the top.
type Below = Box<dyn Fn(Option<&GroupRepresentation>, bool) -> Result<Level> + Send + Sync>;

/// A whole tree of groups: `realm.groups().tree()`.
///
/// Parents come before their children, siblings as the server sorts them. One request reads up to
/// a hundred siblings, where the server sends ten unasked.
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
    /// The levels that are open, each with the path above it.
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

    /// Whether attributes and roles of the groups are left out; they are unless this is `false`.
    pub fn brief_representation(mut self, brief: bool) -> Self {
        self.brief = brief;
        self
    }

    /// The groups, parents before their children.
    pub fn stream(self) -> ItemStream<GroupNode> {
        let Self {
            below,
            above,
            brief,
        } = self;
        let levels = match below(None, brief) {
            Ok(level) => vec![(level, above)],
            Err(failed) => return ItemStream::made(stream::iter([Err(failed)])),
        };
        let walk = Walk {
            below,
            brief,
            levels,
        };
        ItemStream::made(stream::try_unfold(walk, |mut walk| async move {
            let node = walk.next().await?;
            Ok(node.map(|node| (node, walk)))
        }))
    }

    /// Every group of [`stream`](Self::stream) in one list.
    ///
    /// # Errors
    ///
    /// The first error of a request.
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

/// The children of one group.
fn children(group: &Group, brief: bool) -> Level {
    let list = group.children().list().sub_groups_count(true);
    list.brief_representation(brief).stream()
}

impl Groups {
    /// Every group of the realm, as a tree.
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
    /// Every group below this one, as a tree.
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
    /// Every group of the organization, as a tree.
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
